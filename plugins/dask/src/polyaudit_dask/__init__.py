"""Audits over a Dask cluster: batches of models, and one model's enumeration in shards.

    from distributed import Client
    import polyaudit_dask
    results = polyaudit_dask.audit(["a.onnx", "b.onnx"], Client("tcp://…:8786"), arguments=["--domain=-1,1"])

Contract: a document is byte for byte the one that a single run on this machine writes. A part whose worker is lost runs
again elsewhere; a part that cannot be run is an error, never a gap.
"""

from .run import AuditError, Event, Result, audit

__all__ = ["AuditError", "Event", "Result", "audit"]
