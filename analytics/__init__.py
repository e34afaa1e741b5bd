"""Understand.

Owns themes, what was read out of each answer, and every number. Promises that a person's judgement beats a machine's,
and that each number has one definition and its interval. Imports of surveys only the models and signals.
"""
