"""All lint rules, in the order in which the documentation lists them."""

from pipeline.checks.rule import Rule
from pipeline.checks.rules import (
    base_argument,
    base_injected,
    base_version,
    copy_pattern,
    copy_source,
    dockerfile_syntax,
    dockerignore_pattern,
    health_missing,
    health_path,
    health_port,
    nvidia_environment,
    port_collision,
    port_exposed,
    port_reserved,
    private_file,
    service_family,
    suite_port,
    user_root,
)

RULES: tuple[Rule, ...] = (
    dockerfile_syntax.RULE,
    base_argument.RULE,
    base_injected.RULE,
    base_version.RULE,
    copy_source.RULE,
    copy_pattern.RULE,
    dockerignore_pattern.RULE,
    private_file.RULE,
    health_missing.RULE,
    health_port.RULE,
    health_path.RULE,
    port_collision.RULE,
    suite_port.RULE,
    port_reserved.RULE,
    port_exposed.RULE,
    service_family.RULE,
    user_root.RULE,
    nvidia_environment.RULE,
)
