"""Seeing a call of the very function that is to be written, while a learner's function runs.

Used in a learner's kernel, and loaded by the sandboxed child by its path (it imports nothing of
ours). A trap sees a call and lets it pass; it refuses nothing and never raises. Who gets round it
is paid as for an honest answer, so it is set for one call only and changes nothing for longer.
"""

import contextlib
import functools
import sys
import types

MOST = 8


class Watch:
    """What was called while it watched: names in `seen`, as they were given."""

    def __init__(self):
        self.seen, self._seers = [], {}

    def note(self, name):
        if name not in self.seen and len(self.seen) < MOST:
            self.seen.append(name)

    def of(self, function):
        """What to call in place of `function`: itself, unless it is one that is watched."""
        return self._seers.get(id(function), function)


class Seer:
    """Stands for a library's function during one call; is like it in everything else."""

    __slots__ = ("_function", "_name", "_watch")

    def __init__(self, function, name, watch):
        self._function, self._name, self._watch = function, name, watch

    def __call__(self, *args, **kwargs):
        if _given(self._function, self._name, args, kwargs):
            self._watch.note(self._name)
        return self._function(*args, **kwargs)

    def __getattr__(self, name):
        return getattr(object.__getattribute__(self, "_function"), name)


def find(name):
    """What a dotted name stands for among the modules that are loaded; None if it is not there."""
    parts = name.partition("(")[0].split(".")
    for cut in range(len(parts) - 1, 0, -1):
        thing = sys.modules.get(".".join(parts[:cut]))
        if not isinstance(thing, types.ModuleType):
            continue
        for part in parts[cut:]:  # a module's own names only: asking it could import more
            module = isinstance(thing, types.ModuleType)
            thing = vars(thing).get(part) if module else getattr(thing, part, None)
        return thing
    return None


def _given(function, name, args, kwargs):
    """Whether a call counts: for `name(argument)` only if that argument is given and not 0."""
    argument = name.partition("(")[2].rstrip(")")
    if not argument:
        return True
    with contextlib.suppress(Exception):
        if argument in kwargs:
            return bool(kwargs[argument])
        names = list(_parameters(function))
        return argument in names and bool(args[names.index(argument)])
    return False


@functools.cache
def _parameters(function):
    import inspect

    return tuple(inspect.signature(function).parameters)


@contextlib.contextmanager
def watching(forbidden, spaces):
    """A `Watch` on the functions of these names; `spaces` are the learner's namespaces.

    PyTorch tells a `TorchFunctionMode` of every call. What others have is exchanged for a `Seer`,
    in its module and where the learner has imported it to.
    """
    watch, torch_names, undo, mode = Watch(), {}, [], None
    try:
        for name in forbidden:
            function = find(name)
            if callable(function):
                if name.startswith("torch."):
                    torch_names[function] = name
                else:
                    watch._seers[id(function)] = Seer(function, name, watch)
                    module, _, short = name.partition("(")[0].rpartition(".")
                    undo.append((vars(sys.modules[module]), short, function))
        for space in spaces if watch._seers else ():
            held = [(key, value) for key, value in space.items() if id(value) in watch._seers]
            undo += [(space, key, value) for key, value in held]
        for space, key, value in undo:
            space[key] = watch._seers[id(value)]
        if torch_names:
            mode = _mode()(torch_names, watch)
            mode.__enter__()
    except Exception:  # something here was patched: then it is not watched
        pass
    try:
        yield watch
    finally:
        with contextlib.suppress(Exception):
            if mode is not None:
                mode.__exit__(None, None, None)
        for space, key, value in undo:
            if type(space.get(key)) is Seer:
                space[key] = value


@functools.cache
def _mode():
    from torch.overrides import TorchFunctionMode

    class Mode(TorchFunctionMode):
        def __init__(self, names, watch):
            super().__init__()
            self.names, self.watch = names, watch

        def __torch_function__(self, function, kinds, args=(), kwargs=None):
            kwargs = kwargs or {}
            with contextlib.suppress(Exception):
                name = self.names.get(function)
                if name and _given(function, name, args, kwargs):
                    self.watch.note(name)
            return function(*args, **kwargs)

    return Mode


def spaces_of(learner):
    """The namespaces in which a function's, or a class's methods', names are looked up."""
    parts = [learner]
    if isinstance(learner, type):
        parts = [getattr(part, "__func__", part) for part in vars(learner).values()]
    spaces = [getattr(part, "__globals__", None) for part in parts]
    distinct = {id(space): space for space in spaces if type(space) is dict}
    return list(distinct.values())
