"""The AST: its size, what it makes of time and frequency, and weights from elsewhere."""

from __future__ import annotations

import pytest
import torch

from models.ast import TINY, AstConfig, AudioSpectrogramTransformer, patches

SMALL = AstConfig(width=24, layers=2, heads=2, stride=10, max_frames=64, mels=48)


@pytest.mark.parametrize(
    ("classes", "config", "count"),
    [(89, None, 86_257_241), (10, None, 86_196_490), (50, None, 86_227_250), (10, TINY, 1_847_626)],
)
def test_it_has_the_published_size(classes: int, config: AstConfig | None, count: int) -> None:
    with torch.device("meta"):
        model = AudioSpectrogramTransformer(classes, config)
    assert sum(one.numel() for one in model.parameters()) == count


def test_backbone_and_head_are_all_of_it_and_share_nothing() -> None:
    model = AudioSpectrogramTransformer(3, SMALL)
    head = {id(one) for one in model.head.parameters()}
    backbone = {id(one) for one in model.backbone()}
    assert not head & backbone
    assert head | backbone == {id(one) for one in model.parameters()}


def test_a_short_clip_uses_the_positions_it_would_have_in_a_long_one() -> None:
    """173 frames are 194 tokens of the table of 1,214; row by row, not the first 194."""
    model = AudioSpectrogramTransformer(2, AstConfig(width=12, layers=1, heads=1))
    place = model.positions(173)
    assert place.shape == (2 + 12 * 16, 12)
    grid = model.position[2:].view(12, 101, 12)
    assert torch.equal(place[2:].view(12, 16, 12), grid[:, :16])


def test_time_and_frequency_cannot_be_taken_for_each_other() -> None:
    model = AudioSpectrogramTransformer(3, SMALL).eval()
    x = torch.randn(2, 48, 48)
    assert not torch.allclose(model(x), model(x.transpose(1, 2)), atol=1e-4)
    with pytest.raises(ValueError, match=r"\(batch, time, 48 mel bands\)"):
        model(torch.randn(2, 48, 60))
    with pytest.raises(ValueError, match="90 frames"):
        model(torch.randn(2, 90, 48))
    with pytest.raises(ValueError, match="15 frames"):
        model(torch.randn(2, 15, 48))


def theirs(model: AudioSpectrogramTransformer) -> dict[str, torch.Tensor]:
    """Its backbone under the names that Hugging Face gives it."""
    ours = model.state_dict()
    found = {
        "embeddings.cls_token": ours["tokens"][None, :1],
        "embeddings.distillation_token": ours["tokens"][None, 1:],
        "embeddings.position_embeddings": ours["position"][None],
        "embeddings.patch_embeddings.projection.weight": ours["patch.weight"],
        "embeddings.patch_embeddings.projection.bias": ours["patch.bias"],
        "layernorm.weight": ours["norm.weight"],
        "layernorm.bias": ours["norm.bias"],
    }
    names = {
        "norm_before": "layernorm_before", "out": "attention.output.dense", "norm_after": "layernorm_after",
        "feed_in": "intermediate.dense", "feed_out": "output.dense",
    }  # fmt: skip
    for number in range(len(model.layers)):
        for kind in ("weight", "bias"):
            parts = ours[f"layers.{number}.qkv.{kind}"].chunk(3)
            for name, part in zip(("query", "key", "value"), parts, strict=True):
                found[f"encoder.layer.{number}.attention.attention.{name}.{kind}"] = part
            for mine, other in names.items():
                found[f"encoder.layer.{number}.{other}.{kind}"] = ours[f"layers.{number}.{mine}.{kind}"]
    return {f"audio_spectrogram_transformer.{name}": tensor for name, tensor in found.items()}


def test_pretrained_weights_make_another_network_answer_alike_and_leave_the_head_new() -> None:
    source, other = AudioSpectrogramTransformer(3, SMALL).eval(), AudioSpectrogramTransformer(3, SMALL).eval()
    head = other.head[2].weight.clone()
    other.load_pretrained(theirs(source))
    assert torch.equal(other.head[2].weight, head)
    other.head.load_state_dict(source.head.state_dict())
    x = torch.randn(2, 40, 48)
    assert torch.equal(source(x), other(x))


def test_other_weights_are_refused_with_the_name_of_what_is_missing() -> None:
    model = AudioSpectrogramTransformer(3, SMALL)
    with pytest.raises(ValueError, match="projection"):
        model.load_pretrained({"fc.weight": torch.zeros(2)})
    with pytest.raises(ValueError, match="another shape"):
        model.load_pretrained(theirs(AudioSpectrogramTransformer(3, AstConfig(
            width=24, layers=2, heads=2, stride=10, max_frames=80, mels=48))))  # fmt: skip


def test_patches_overlap_as_the_stride_says() -> None:
    assert (patches(128, 10), patches(1024, 10), patches(173, 10), patches(173, 16)) == (12, 101, 16, 10)
