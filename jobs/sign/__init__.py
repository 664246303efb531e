"""Seeds 003 and 004: continuous sign recognition from keypoints, a teacher and the student distilled from it."""
