// The package koffi, which the program has installed.

import type * as Koffi from 'koffi';
import { runtimeRequire } from '../runtime-require';

export const koffi = runtimeRequire('koffi') as typeof Koffi;
export const koffiFile = runtimeRequire.resolve('koffi');
