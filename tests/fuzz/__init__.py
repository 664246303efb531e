"""Any bytes in any format: what must hold of every reader, and a fuzzer that looks for what does not."""
