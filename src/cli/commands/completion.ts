/** `tickward completion`: what a shell needs to complete the command line. */
import { Argument } from 'commander';
import { completion as scriptOf, SHELLS, type Shell } from '../manual/completion.ts';
import { describe } from '../manual/model.ts';
import { Exit, type Register } from '../context.ts';

export const completion: Register = (program, act) => {
  program
    .command('completion')
    .addArgument(new Argument('<shell>', 'for which shell').choices(SHELLS))
    .description('prints the script with which a shell completes commands and options')
    .addHelpText('after', '\nExamples:\n  tickward completion bash > ~/.local/share/bash-completion/completions/tickward\n  tickward completion zsh > /usr/local/share/zsh/site-functions/_tickward\n  tickward completion fish > ~/.config/fish/completions/tickward.fish')
    .action(act((context, shell: Shell) => {
      const script = scriptOf(shell, describe(program));
      if (context.out.json) context.out.document({ shell, script });
      else process.stdout.write(script);
      return Exit.DONE;
    }));
};
