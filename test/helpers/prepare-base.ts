/** Program: makes the base tree of booted hosts ahead, so that the first tests that boot one need not wait for it. Where it cannot be made they say why. */
import { noBoot, prepareBase } from './booted.ts';

if (noBoot === undefined) prepareBase();
