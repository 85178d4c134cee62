import { pauseRun, resumeRun } from '../../../contract/runs.ts';
import { client } from '../client/index.ts';
import { router, type Route } from '../router.svelte.ts';
import { datasets } from '../state/datasets.svelte.ts';
import { runs } from '../state/runs.svelte.ts';
import { settings } from '../state/settings.svelte.ts';
import { attempt } from '../state/toasts.svelte.ts';
import { frame, pages } from './frame.svelte.ts';

/** Something that the palette finds. */
export interface Command {
  readonly id: string;
  readonly group: 'Pages' | 'Runs' | 'Pictures' | 'Actions';
  readonly label: string;
  /** Quiet words at the right: a state or a key. */
  readonly aside?: string;
  readonly runId?: number;
  readonly run: () => void;
}

/** All that can be done from anywhere, at this moment. */
export function commands(): Command[] {
  const go = (route: Route) => () => router.go(route);
  const current = router.route.page === 'run' ? runs.find(router.route.id) : undefined;
  const actions: Command[] = [];
  if (current?.state === 'running') {
    actions.push({
      id: 'pause',
      group: 'Actions',
      label: `Pause ${current.name}`,
      run: () => void attempt(() => client.call(pauseRun, { id: current.id })),
    });
  }
  if (current?.state === 'paused' || current?.state === 'stopped' || current?.state === 'failed') {
    actions.push({
      id: 'resume',
      group: 'Actions',
      label: `Resume ${current.name}`,
      run: () => void attempt(() => client.call(resumeRun, { id: current.id })),
    });
  }
  return [
    ...actions,
    ...pages.map((page): Command => ({
      id: `page ${page.label}`,
      group: 'Pages',
      label: page.label,
      run: go(page.route),
    })),
    { id: 'page settings', group: 'Pages', label: 'Settings', aside: 'Ctrl ,', run: go({ page: 'settings' }) },
    { id: 'page words', group: 'Pages', label: 'Words', run: go({ page: 'words', at: null }) },
    { id: 'page about', group: 'Pages', label: 'About', run: go({ page: 'about' }) },
    { id: 'page trash', group: 'Pages', label: 'Trash', run: go({ page: 'runs', trash: true }) },
    ...runs.active.map((run): Command => ({
      id: `run ${run.id}`,
      group: 'Runs',
      label: run.name,
      aside: run.state,
      runId: run.id,
      run: go({ page: 'run', id: run.id, tab: 'overview' }),
    })),
    ...(datasets.all ?? []).map((dataset): Command => ({
      id: `data ${dataset.id}`,
      group: 'Pictures',
      label: dataset.name,
      run: go({ page: 'data', id: dataset.id }),
    })),
    { id: 'new run', group: 'Actions', label: 'New run', run: go({ page: 'new', dataset: null }) },
    ...(['light', 'dark', 'system'] as const)
      .filter((theme) => theme !== settings.current.theme)
      .map((theme): Command => ({
        id: `theme ${theme}`,
        group: 'Actions',
        label:
          theme === 'system' ? 'Colours as the system has them' : `${theme === 'light' ? 'Light' : 'Dark'} colours`,
        run: () => void settings.change({ theme }),
      })),
    {
      id: 'rail',
      group: 'Actions',
      label: frame.railCollapsed ? 'Unfold the rail' : 'Fold the rail',
      aside: 'Ctrl \\',
      run: () => frame.toggleRail(),
    },
    { id: 'keys', group: 'Actions', label: 'Keys', aside: '?', run: () => (frame.keysOpen = true) },
  ];
}
