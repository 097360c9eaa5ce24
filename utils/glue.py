"""MyST-NB's `glue` for a notebook: where no builder puts a number into the text, it is printed."""


def glue(name, value, display=False):
    """Print a number that the text refers to by its name.

    display: only for the same call as MyST-NB's; the number is shown in any case.
    """
    print(f"{name} = {value:.6g}" if isinstance(value, float) else f"{name} = {value}")
