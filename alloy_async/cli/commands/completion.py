"""`alloy-async completion`: what a shell needs to complete commands, options, operations and their values."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from ..help import Command


@click.command(cls=Command, short_help="Let your shell complete commands, operations and values.")
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
@click.pass_context
def completion(context: click.Context, /, shell: str) -> None:
    """Print the script with which SHELL completes commands, options, operations and their values.

    \b
      bash:  eval "$(alloy-async completion bash)"     # in ~/.bashrc
      zsh:   eval "$(alloy-async completion zsh)"      # in ~/.zshrc
      fish:  alloy-async completion fish > ~/.config/fish/completions/alloy-async.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None
    root = context.find_root()
    script = kind(root.command, {}, "alloy-async", "_ALLOY_ASYNC_COMPLETE")
    # Not script.source(): for bash it would run the user's bash to ask for its version.
    click.echo(script.source_template % script.source_vars())
