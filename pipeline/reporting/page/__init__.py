"""The run as one HTML page: no network, no second file; every figure is laid out here, not in the browser."""

from pipeline.reporting.page.show import show_page

__all__ = ["show_page"]
