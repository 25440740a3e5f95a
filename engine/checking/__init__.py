"""The check of a draft: what the lint finds, what carries each clause, every flow walked once, every example run."""

from engine.checking.report import FORMAT, Report, Row, whole

__all__ = ["FORMAT", "Report", "Row", "whole"]
