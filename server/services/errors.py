"""What can go wrong while keeping an office's data: reading exports, backing up, restoring.

KeepingError         one sentence that says what to do
├── UnreadableExport the file is no export we know
├── BackupFailed     the copy could not be made
└── RestoreRefused   restoring would destroy something or cannot work
"""

from __future__ import annotations

from typing import ClassVar


class KeepingError(Exception):
    wrong_use: ClassVar[bool] = True
    """Exit code 2 when the caller can mend it by calling differently, else 1."""


class UnreadableExport(KeepingError):
    pass


class BackupFailed(KeepingError):
    wrong_use = False


class RestoreRefused(KeepingError):
    pass
