"""How pytest runs the tests of the twins: on virtual time, unless the module says `REAL = True`.

    python3 -m pip install pytest-asyncio
    python3 -m pytest scenarios
"""

import asyncio

from twin import JumpingLoop


def pytest_asyncio_loop_factories(config, item):
    """The event loop for a test."""
    if getattr(item.module, "REAL", False):
        return {"real": asyncio.SelectorEventLoop}
    return {"virtual": JumpingLoop}
