"""How long tests wait for what comes in a moment on a machine that is not held up."""

PATIENCE = 180  # seconds; a disk that others use has stood still for minutes
