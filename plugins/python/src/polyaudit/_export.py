"""Models in memory to files: an `onnx.ModelProto` is saved, a `torch.nn.Module` is exported in evaluation mode."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any


def to_file(model: Any, folder: Path, example: Any = None) -> Path:
    """The path of the model, written into `folder` where it has none yet."""
    if isinstance(model, (str, os.PathLike)):
        return Path(model)
    kinds = {f"{k.__module__.split('.')[0]}.{k.__name__}" for k in type(model).__mro__}
    path = folder / "model.onnx"
    if "onnx.ModelProto" in kinds or hasattr(model, "SerializeToString"):
        path.write_bytes(model.SerializeToString())
        return path
    if "torch.Module" in kinds:
        _export(model, path, example)
        return path
    raise TypeError(f"a model is a path, an onnx.ModelProto or a torch.nn.Module, not {type(model).__name__}")


def _export(model: Any, path: Path, example: Any) -> None:
    import torch

    if example is None:
        example = _guess(model)
    elif isinstance(example, (tuple, list)) and all(isinstance(n, int) for n in example):
        example = torch.zeros(*example)
    inputs = example if isinstance(example, tuple) else (example,)
    training = model.training
    model.eval()
    try:
        with torch.no_grad():
            torch.onnx.export(model, inputs, str(path), dynamo=True, external_data=False, verbose=False)
    finally:
        model.train(training)


def _guess(model: Any) -> Any:
    """An input for a network that begins with a dense layer; no other shape can be told from the weights."""
    import torch

    first = next((m for m in model.modules() if not list(m.children())), None)
    if isinstance(first, torch.nn.Linear):
        return torch.zeros(1, first.in_features)
    raise ValueError("the shape of the input cannot be told from this module: pass example=(1, …) or example=tensor")
