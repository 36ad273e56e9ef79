"""Lint rules, one small function each, and their views."""

from pipeline.checks.lint import catalog_findings, lint
from pipeline.checks.rule import Hit, Rule
from pipeline.checks.rules import RULES
from pipeline.checks.show import show_findings

__all__ = ["RULES", "Hit", "Rule", "catalog_findings", "lint", "show_findings"]
