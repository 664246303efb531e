"""Where runs run. The core asks an engine to submit, poll, stop, renew; nothing else knows which it is."""
