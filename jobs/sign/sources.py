"""Where keypoints come from, and where each part of the body lies in a frame: declared here once, asserted everywhere.

The original wrote pose, face, hands and read pose, hands, face: what it took for hands were points of the face.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jobs.training.errors import DataError
from models.sign_parts import HOLISTIC, Layout

F16 = np.float16


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A way of telling a body in numbers."""

    name: str
    layout: Layout
    axes: int
    """Values of one point."""
    shoulders: tuple[int, int]
    """Where the values of each begin."""


HOLISTIC_SOURCE = Source(name="holistic", layout=HOLISTIC, axes=3, shoulders=(33, 36))
"""MediaPipe Holistic: points 11 and 12 of its pose are the shoulders."""
SKELS = Source(
    name="skels",
    axes=3,
    shoulders=(6, 15),
    layout=Layout(pose=slice(0, 24), face=slice(24, 24), hands=slice(24, 150)),
)
"""Skeletons of the sign production literature: 8 joints of the upper body, 21 of each hand."""
KEYPOINTS = Source(
    name="keypoints",
    axes=2,
    shoulders=(30, 32),
    layout=Layout(face=slice(0, 8), pose=slice(8, 74), hands=slice(74, 158)),
)
"""Pixels: 4 points of the face, 33 of the pose, 21 of each hand; all zeros for what was not seen."""
SOURCES = {one.name: one for one in (HOLISTIC_SOURCE, SKELS, KEYPOINTS)}


def placed(frames_TF: np.ndarray, source: Source, what: str) -> np.ndarray:
    """A clip with the middle of its shoulders at 0 and their distance 1, float16; unseen points stay 0.

    A hand is where its wrist is, its first point; the other twenty tell its shape and are measured from the wrist.
    Where no frame shows both shoulders nothing can be measured, and all of it is unseen. Raises DataError, naming
    `what`, for another layout and for values that are no numbers.
    """
    if frames_TF.ndim != 2 or len(frames_TF) == 0:
        raise DataError(f"{what}: expected frames of {source.layout.size} values, found {frames_TF.shape}.")
    try:
        source.layout.check(frames_TF.shape[1])
    except ValueError as error:
        raise DataError(f"{what}: {error}.") from error
    if not np.isfinite(frames_TF).all():
        raise DataError(f"{what} holds values that are no numbers.")
    points = frames_TF.reshape(len(frames_TF), -1, source.axes).astype(np.float64)
    is_seen = (points != 0).any(axis=2, keepdims=True)
    left, right = (points[:, one // source.axes, :2] for one in source.shoulders)
    both = (left != 0).any(axis=1) & (right != 0).any(axis=1)
    if not both.any():
        return np.zeros(frames_TF.shape, dtype=F16)
    centre = np.median((left + right)[both] / 2, axis=0)
    wide = float(np.median(np.linalg.norm((left - right)[both], axis=1)))
    points[..., :2] -= centre
    points /= max(wide, 1e-6)
    first = source.layout.hands.start // source.axes
    for wrist in (first, first + 21):
        points[:, wrist + 1 : wrist + 21] -= points[:, wrist : wrist + 1] * is_seen[:, wrist : wrist + 1]
    return (points.clip(-100, 100) * is_seen).reshape(frames_TF.shape).astype(F16)
