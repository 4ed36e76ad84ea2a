/** TOML to plain values, with line, column and caret of what is wrong. */
import { parse, TomlError } from 'smol-toml';
import { excerptOf, messageOf, TickwardError } from '../model/errors.ts';
import { fileOf, type Source } from './place.ts';

/** Throws BAD_INPUT. */
export function readToml(source: Source): unknown {
  try {
    return parse(source.text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const { line, column } = error;
    throw new TickwardError('BAD_INPUT', `this is no TOML: ${messageOf(error).split('\n')[0] ?? ''}`, { cause: error, place: { ...fileOf(source), line, column, excerpt: excerptOf(source.text.split('\n')[line - 1] ?? '', column) }, hint: 'strings stand in quotes, long ones in \'\'\' over several lines' });
  }
}
