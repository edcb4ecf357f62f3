"""Generated code that further instances of a component take over, so that its text is written once.

    found = remembered.find()               the code, and what its names stand for here; `None` the first time
    remembered.keep(code, names)            for the instances to come, after it was written with `resources`, `transfer`

That serves functions between a component and the host. What names in them stand for is the same for all instances,
except for resource types, which are looked up again.
"""

from __future__ import annotations

from wasmz.startup.light import CodeType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasmz.component import forms

__wasmz_frame__ = "helper"


class Remembered:
    """What is known of one function.

    Attributes:
        key: what decides its text.
    """

    def __init__(self, kept: dict[Any, Any], key: tuple[Any, ...], type: object, place: Any) -> None:
        """``kept`` is what all instances have together; ``key`` has the number of ``type``, which is kept with it.

        ``place`` is the component that is being instantiated.
        """
        self._kept = kept
        self.key: tuple[Any, ...] = key
        self._type = type
        self._place = place
        # Resource types that were asked for, by what the function's type calls them.
        self._found: dict[forms.Resource, Any] = {}
        self._is_own = False

    def resources(self, resource: forms.Resource) -> Any:
        """What a resource type stands for here, noted."""
        found = self._found[resource] = self._place.resource(resource)
        return found

    def transfer(self, type: Any) -> Any:
        """What a stream or future carries: functions with those are each instance's own."""
        self._is_own = True
        return self._place.transfer(type)

    def find(self) -> tuple[CodeType, dict[str, Any]] | None:
        """The code, and what its names stand for."""
        known = self._kept.get(self.key)
        if known is None:
            return None
        code, same, types, classes, groups, _ = known
        place = self._place
        found = {resource: place.resource(resource) for resource in types.values()}
        for group in groups:
            if len({id(found.get(resource) or place.resource(resource)) for resource in group}) > 1:
                # Types that were one type before are several here.
                return None
        named = dict(same)
        for name, resource in types.items():
            named[name] = found[resource]
        for name, resource in classes.items():
            named[name] = place.resource(resource).cls
        return code, named

    def keep(self, code: CodeType, named: dict[str, Any]) -> None:
        """Remembers what was written."""
        if self._is_own:
            return
        by_type: dict[int, list[forms.Resource]] = {}
        for resource, found in self._found.items():
            by_type.setdefault(id(found), []).append(resource)
        by_class = {id(found.cls): resource for resource, found in self._found.items()}
        same: dict[str, Any] = {}
        types: dict[str, forms.Resource] = {}
        classes: dict[str, forms.Resource] = {}
        for name, value in named.items():
            if id(value) in by_type:
                types[name] = by_type[id(value)][0]
            elif id(value) in by_class:
                classes[name] = by_class[id(value)]
            else:
                same[name] = value
        groups = [group for group in by_type.values() if len(group) > 1]
        self._kept[self.key] = code, same, types, classes, groups, self._type
