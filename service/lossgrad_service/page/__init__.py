"""The page at ``/`` and the reference at ``/docs``: plain files, served as they lie here."""

from lossgrad_service.page.files import FILES, PageFile

__all__ = ["FILES", "PageFile"]
