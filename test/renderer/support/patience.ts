/**
 * How long tests wait for the page to show something. A second is the library's default, and too short for a machine that
 * trains or builds at the same time.
 */
import { configure } from '@testing-library/svelte';

configure({ asyncUtilTimeout: 10_000 });
