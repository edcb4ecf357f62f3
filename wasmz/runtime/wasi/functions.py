"""The 46 functions of WASI preview 1: their types, and where they are.

    FUNCTIONS["path_open"]  -> ("iiiiiIIii:i", "paths")

Each is a function of that name in ``wasmz/runtime/wasi/<module>.py``, which takes the guest's ``Process``, the
``Caller`` and the guest's arguments, and returns an error number. A module is imported when something is linked that
imports one of its functions: a program that opens no files does not load what is needed for that.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

# Name -> type, one letter a value: i for i32, I for i64; and the module.
FUNCTIONS: Final[dict[str, tuple[str, str]]] = {
    "args_get": ("ii:i", "process"),
    "args_sizes_get": ("ii:i", "process"),
    "clock_res_get": ("ii:i", "process"),
    "clock_time_get": ("iIi:i", "process"),
    "environ_get": ("ii:i", "process"),
    "environ_sizes_get": ("ii:i", "process"),
    "fd_advise": ("iIIi:i", "attributes"),
    "fd_allocate": ("iII:i", "attributes"),
    "fd_close": ("i:i", "descriptor_functions"),
    "fd_datasync": ("i:i", "attributes"),
    "fd_fdstat_get": ("ii:i", "descriptor_functions"),
    "fd_fdstat_set_flags": ("ii:i", "attributes"),
    "fd_fdstat_set_rights": ("iII:i", "attributes"),
    "fd_filestat_get": ("ii:i", "attributes"),
    "fd_filestat_set_size": ("iI:i", "attributes"),
    "fd_filestat_set_times": ("iIIi:i", "attributes"),
    "fd_pread": ("iiiIi:i", "descriptor_functions"),
    "fd_prestat_dir_name": ("iii:i", "descriptor_functions"),
    "fd_prestat_get": ("ii:i", "descriptor_functions"),
    "fd_pwrite": ("iiiIi:i", "descriptor_functions"),
    "fd_read": ("iiii:i", "descriptor_functions"),
    "fd_readdir": ("iiiIi:i", "directories"),
    "fd_renumber": ("ii:i", "descriptor_functions"),
    "fd_seek": ("iIii:i", "descriptor_functions"),
    "fd_sync": ("i:i", "attributes"),
    "fd_tell": ("ii:i", "descriptor_functions"),
    "fd_write": ("iiii:i", "descriptor_functions"),
    "path_create_directory": ("iii:i", "paths"),
    "path_filestat_get": ("iiiii:i", "paths"),
    "path_filestat_set_times": ("iiiiIIi:i", "paths"),
    "path_link": ("iiiiiii:i", "paths"),
    "path_open": ("iiiiiIIii:i", "paths"),
    "path_readlink": ("iiiiii:i", "paths"),
    "path_remove_directory": ("iii:i", "paths"),
    "path_rename": ("iiiiii:i", "paths"),
    "path_symlink": ("iiiii:i", "paths"),
    "path_unlink_file": ("iii:i", "paths"),
    "poll_oneoff": ("iiii:i", "poll"),
    "proc_exit": ("i:", "process"),
    "proc_raise": ("i:i", "process"),
    "random_get": ("ii:i", "process"),
    "sched_yield": (":i", "process"),
    "sock_accept": ("iii:i", "socket_functions"),
    "sock_recv": ("iiiiii:i", "socket_functions"),
    "sock_send": ("iiiii:i", "socket_functions"),
    "sock_shutdown": ("ii:i", "socket_functions"),
}
