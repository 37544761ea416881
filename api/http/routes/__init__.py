"""Thin routes over what the engine has; one module for each thing of design.md section 8."""
