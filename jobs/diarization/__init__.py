"""S1: the same network taught by made-up labels on LibriSpeech and by real ones on AMI."""
