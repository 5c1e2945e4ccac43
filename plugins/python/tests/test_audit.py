"""The package against the real program, real ONNX, PyTorch, pandas, matplotlib and Jupyter.
Source of truth: the program's own JSON, and the committed histogram of the iris network."""

import json
import subprocess
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import nbclient
import nbformat
import numpy as np
import onnx
import pandas
import polyaudit
import pytest
import torch

HERE = Path(__file__).parent
FIXTURES = HERE.parents[2] / "fixtures"
IRIS = FIXTURES / "iris-mlp.onnx"


@pytest.fixture(scope="module")
def iris():
    return polyaudit.audit(IRIS, domain=(-1, 1))


def document(*arguments):
    done = subprocess.run([polyaudit.program(), "-q", "--format", "json", *map(str, arguments)], stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def test_a_report_is_the_programs_own(iris):
    assert iris.raw == document(IRIS, "--domain=-1,1")
    assert iris.passed and iris.status.state == "complete"
    assert iris.summary.faces.total.mean == iris.raw["summary"]["faces"]["total"]["mean"]
    assert iris.model.bytes == IRIS.stat().st_size
    assert [layer.unit_count for layer in iris.layers] == [layer["unit_count"] for layer in iris.raw["layers"]]
    assert isinstance(iris.checks.identities[0], polyaudit.report.Identity)


def test_the_histogram_as_a_frame_is_the_committed_one(iris):
    frame = iris.histogram.frame()
    golden = pandas.read_csv(HERE / "iris-histogram.csv")
    pandas.testing.assert_frame_equal(frame, golden)
    assert frame.attrs["weight"] == "region"
    assert frame["total"].sum() == iris.summary.regions


def test_metrics_are_dotted_paths(iris):
    metrics = iris.metrics()
    assert metrics["regions"] == iris.summary.regions
    assert metrics["faces.interior.p95"] == iris.summary.faces.interior.p95
    assert all(isinstance(v, (int, float)) for v in metrics.values())
    table = polyaudit.frame([iris, polyaudit.audit(FIXTURES / "iris-residual.onnx", domain=(-1, 1))])
    assert list(table["model"]) == ["iris-mlp.onnx", "iris-residual.onnx"]
    assert table["faces.total.mean"].notna().all()


def test_a_model_in_memory_is_the_file(iris):
    report = polyaudit.audit(onnx.load(IRIS), domain=(-1, 1))
    assert (report.summary, report.histogram) == (iris.summary, iris.histogram)


def test_a_module_is_exported_as_it_is_in_evaluation_mode():
    torch.manual_seed(0)
    net = torch.nn.Sequential(
        torch.nn.Linear(2, 6), torch.nn.BatchNorm1d(6), torch.nn.ReLU(), torch.nn.Dropout(), torch.nn.Linear(6, 2)
    ).train()
    report = polyaudit.audit(net, domain=(-2, 2))
    assert net.training, "the module is left as it was"
    assert (report.summary.inputs, report.summary.units) == (2, 6)
    # The regions of one layer of hyperplanes in a box, counted by signs on a fine grid, are at most the exact number.
    grid = torch.cartesian_prod(*[torch.linspace(-2, 2, 801)] * 2)
    signs = net.eval()[:2](grid) > 0
    seen = len(np.unique(signs.numpy(), axis=0))
    assert 0 <= report.summary.regions - seen <= 3
    again = polyaudit.audit(net, domain=(-2, 2), example=torch.zeros(1, 2))
    assert again.summary == report.summary


def test_a_module_whose_input_cannot_be_told_needs_an_example():
    net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(8, 2))
    with pytest.raises(ValueError, match="example="):
        polyaudit.audit(net, domain=(0, 1))
    report = polyaudit.audit(net, domain=(0, 1), example=(1, 1, 4, 4), method="sample", samples=50)
    assert (report.summary.inputs, report.summary.samples) == (16, 50)


@pytest.mark.parametrize(
    "domain",
    [[(-1, 1), (-2, 2), (0, 1), (-1, 0.5)], np.array([(-1, 1), (-2, 2), (0, 1), (-1, 0.5)])],
    ids=["list", "array"],
)
def test_bounds_per_input(domain):
    report = polyaudit.audit(IRIS, domain=domain)
    assert (report.settings.domain.lo, report.settings.domain.hi) == ([-1, -2, 0, -1], [1, 2, 1, 0.5])


def test_other_domains():
    ngon = FIXTURES / "geometry" / "ngon-5.onnx"
    assert polyaudit.audit(ngon, domain="unbounded").settings.domain.kind == "unbounded"
    assert polyaudit.audit(ngon).findings[0].code == "domain-not-stated"
    with pytest.raises(ValueError, match="a domain is"):
        polyaudit.audit(ngon, domain=(1, 2, 3))


def test_what_is_refused_is_named():
    with pytest.raises(polyaudit.RefusedError) as caught:
        polyaudit.audit(FIXTURES / "refused" / "two-offenders.onnx")
    assert caught.value.exit_code == 3 and caught.value.report.status.state == "refused"
    assert all(f.node in str(caught.value) for f in caught.value.report.findings)


def test_failures_carry_the_programs_words(monkeypatch):
    with pytest.raises(polyaudit.PolyauditError, match="truncated.onnx"):
        polyaudit.audit(FIXTURES / "hostile" / "truncated.onnx")
    with pytest.raises(TypeError, match="a model is a path"):
        polyaudit.audit(3)
    with pytest.raises(ValueError, match="polyaudit/report/1"):
        polyaudit.Report.from_dict({"schema": "polyaudit/report/2"})
    monkeypatch.setenv("POLYAUDIT_BIN", "/nowhere/polyaudit")
    with pytest.raises(FileNotFoundError, match="POLYAUDIT_BIN"):
        polyaudit.audit(IRIS)


def test_a_failed_check_is_a_report_that_did_not_pass():
    report = polyaudit.audit(IRIS, domain=(-1, 1), method="enumerate", max_regions=20, arguments=["--plugin", "complete"])
    assert report.exit_code == 1 and not report.passed
    assert report.plugins[0].name == "complete"


def test_the_plot_shows_the_counts(iris):
    ax = iris.plot_histogram()
    heights = [int(bar.get_height()) for bar in ax.patches]
    assert heights == [n for n in iris.histogram.frame()["total"] if n > 0]
    assert ax.get_xlabel() == "faces per region" and ax.get_ylabel() == "regions"
    interior = iris.plot_histogram(count="interior")
    assert sum(bar.get_height() for bar in interior.patches) == iris.summary.regions


def area(vertices):
    x, y = np.array(vertices).T
    return abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2


@pytest.mark.parametrize("model", ["ngon-5", "planes-d2-n8", "double-units-d2"])
def test_the_partition_has_every_region_and_fills_the_domain(model):
    drawn = polyaudit.partition(FIXTURES / "geometry" / f"{model}.onnx", domain=(-2, 2))
    assert len(drawn.cells) == drawn.report.summary.regions
    table = drawn.report.histogram.frame().set_index("faces")["total"]
    counts = pandas.Series([c.faces for c in drawn.cells]).value_counts()
    assert counts.to_dict() == {k: n for k, n in table.items() if n > 0}
    assert all(len(c.vertices) == c.faces and len(c.units) == c.interior for c in drawn.cells)
    assert sum(area(c.vertices) for c in drawn.cells) == pytest.approx(16, rel=1e-3)
    ax = drawn.plot()
    assert sum(len(c.get_paths()) for c in ax.collections) == len(drawn.cells)
    assert ax.get_xlabel() == drawn.axes[0] and ax.get_ylabel() == drawn.axes[1]


def test_a_partition_needs_two_dimensions():
    with pytest.raises(polyaudit.PolyauditError, match="2 dimensions"):
        polyaudit.partition(IRIS, domain=(-1, 1))


def test_the_page_is_the_programs(tmp_path):
    page = tmp_path / "report.html"
    report = polyaudit.audit(IRIS, domain=(-1, 1), html=page)
    assert report.summary.regions == 3602 and "iris-mlp.onnx" in page.read_text()


def test_it_works_in_a_notebook():
    notebook = nbformat.read(HERE.parent / "example.ipynb", as_version=4)
    client = nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(HERE.parent)}})
    client.execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert any("text/html" in output.get("data", {}) for output in outputs)
