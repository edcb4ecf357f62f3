"""The functions of embind that modules import, with the types that they have had in versions of emscripten.

EMBIND["_embind_register_emval"]     -> ("i:", "ii:")
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

# A letter for each value: i for an i32, I for an i64, d for an f64.
EMBIND: Final[dict[str, tuple[str, ...]]] = {
    "_embind_register_void": ("ii:",),
    "_embind_register_bool": (
        "iiii:",
        "iiiii:",
    ),
    "_embind_register_integer": ("iiiii:",),
    "_embind_register_bigint": (
        "iiiII:",
        "iiiiiii:",
    ),
    "_embind_register_float": ("iii:",),
    "_embind_register_std_string": ("ii:",),
    "_embind_register_std_wstring": ("iii:",),
    "_embind_register_emval": (
        "i:",
        "ii:",
    ),
    "_embind_register_user_type": ("ii:",),
    "_embind_register_optional": ("ii:",),
    "_embind_register_memory_view": ("iii:",),
    "_embind_register_enum": (
        "iiii:",
        "iiiii:",
    ),
    "_embind_register_enum_value": ("iii:",),
    "_embind_register_constant": ("iid:",),
    "_embind_register_bigint_constant": ("iiI:",),
    "_embind_register_function": (
        "iiiiii:",
        "iiiiiii:",
        "iiiiiiii:",
    ),
    "_embind_register_value_object": (
        "iiiiii:",
        "iiiiiiii:",
    ),
    "_embind_register_value_object_field": ("iiiiiiiiii:",),
    "_embind_finalize_value_object": ("i:",),
    "_embind_register_value_array": (
        "iiiiii:",
        "iiiiiiii:",
    ),
    "_embind_register_value_array_element": ("iiiiiiiii:",),
    "_embind_finalize_value_array": ("i:",),
    "_embind_register_class": ("iiiiiiiiiiiii:",),
    "_embind_register_class_constructor": ("iiiiii:",),
    "_embind_register_class_function": (
        "iiiiiiii:",
        "iiiiiiiii:",
        "iiiiiiiiii:",
    ),
    "_embind_register_class_class_function": (
        "iiiiiii:",
        "iiiiiiii:",
        "iiiiiiiii:",
    ),
    "_embind_register_class_property": ("iiiiiiiiii:",),
    "_embind_register_class_class_property": ("iiiiiiii:",),
    "_embind_register_smart_ptr": ("iiiiiiiiiiii:",),
    "_embind_register_iterable": ("iiii:",),
    "_embind_create_inheriting_constructor": ("iii:i",),
    "_emval_incref": ("i:",),
    "_emval_decref": ("i:",),
    "_emval_run_destructors": ("i:",),
    "_emval_new_array": (":i",),
    "_emval_new_object": (":i",),
    "_emval_new_cstring": ("i:i",),
    "_emval_new_u8string": ("i:i",),
    "_emval_new_u16string": ("i:i",),
    "_emval_take_value": ("ii:i",),
    "_emval_new": ("iiii:i",),
    "_emval_get_global": ("i:i",),
    "_emval_get_module_property": ("i:i",),
    "_emval_get_property": ("ii:i",),
    "_emval_set_property": ("iii:",),
    "_emval_delete": ("ii:i",),
    "_emval_as": ("iii:d",),
    "_emval_as_int64": (
        "iii:I",
        "ii:I",
    ),
    "_emval_as_uint64": (
        "iii:I",
        "ii:I",
    ),
    "_emval_equals": ("ii:i",),
    "_emval_strictly_equals": ("ii:i",),
    "_emval_greater_than": ("ii:i",),
    "_emval_less_than": ("ii:i",),
    "_emval_in": ("ii:i",),
    "_emval_instanceof": ("ii:i",),
    "_emval_not": ("i:i",),
    "_emval_is_number": ("i:i",),
    "_emval_is_string": ("i:i",),
    "_emval_typeof": ("i:i",),
    "_emval_get_method_caller": (
        "ii:i",
        "iii:i",
    ),
    "_emval_create_invoker": ("iii:i",),
    "_emval_invoke": ("iiiii:d",),
    "_emval_invoke_i64": ("iiiii:I",),
    "_emval_call": (
        "iiii:i",
        "iiii:d",
    ),
    "_emval_call_method": ("iiiii:d",),
    "_emval_call_void_method": ("iiii:",),
    "_emval_iter_begin": ("i:i",),
    "_emval_iter_next": ("i:i",),
    "_emval_array_to_memory_view": ("ii:",),
    "_emval_throw": (
        "i:i",
        "i:",
    ),
    "_emval_await": ("i:i",),
    "_emval_coro_suspend": ("ii:",),
    "_emval_coro_make_promise": ("ii:i",),
    "_emval_from_current_cxa_exception": (":i",),
    "_emval_register_symbol": ("i:",),
}
