import { service } from '../../support/fake-service.ts';
import { fireEvent, screen, waitFor } from '@testing-library/svelte';
import { expect, test } from 'vitest';
import { appInfo, setSettings, Settings } from '../../../../contract/app.ts';
import { deviceStatus } from '../../../../contract/events.ts';
import { addMachine, listMachines, removeMachine, type MachineOffer } from '../../../../contract/machines.ts';
import { createRun } from '../../../../contract/runs.ts';
import type { GpuInfo } from '../../../../contract/runtime.ts';
import { exampleInfo } from '../../support/examples.ts';
import { whyNot } from '../../support/why-not.ts';
import { open, startButton, type, useNewRunPage } from '../../support/new-run-page.ts';

useNewRunPage();

const card = (index: number, memoryUsed: number): GpuInfo => ({
  ...{ index, name: `NVIDIA H${index}00`, driver: '580.1', computeCapability: '9.0', memoryTotal: 80e9 },
  ...{ memoryUsed, utilisation: 3, temperature: 40, power: 90 },
});

test('several cards are listed with what they have free; a tick more shares each batch', async () => {
  service.answer(appInfo, () => exampleInfo({ runtime: 'cuda12', gpu: 0 }));
  await open();
  const status = { cpuPercent: 3, memoryUsed: 4e9, memoryTotal: 32e9 };
  service.emit(deviceStatus, { ...status, gpus: [card(0, 1e9), card(1, 79.9e9), card(2, 0)] });
  const first = await screen.findByRole<HTMLInputElement>('checkbox', {
    name: 'NVIDIA H000 gpu:0, 79.0 GB of 80.0 GB free; one must compute',
  });
  expect([first.checked, first.disabled]).toEqual([true, true]);
  await fireEvent.click(screen.getByRole('checkbox', { name: /gpu:2/ }));
  expect(screen.getByText(/16 images of each batch of 32 a card/)).toBeTruthy();
  expect(whyNot(startButton())).toBeNull();
  // Of a third one the batch can't be shared out, and there is no room on it.
  await fireEvent.click(screen.getByRole('checkbox', { name: /gpu:1/ }));
  expect(
    screen.getAllByText(/A batch of 32 can’t be shared out evenly over 3 devices; it can over 2, 4 or one/),
  ).toHaveLength(2);
  expect(whyNot(startButton())).not.toBeNull();
  await fireEvent.click(screen.getByRole('checkbox', { name: /gpu:2/ }));
  expect(screen.getByText(/other programs leave 0.1 GB/)).toBeTruthy();
  await fireEvent.click(screen.getByRole('checkbox', { name: /gpu:1/ }));
  await fireEvent.click(screen.getByRole('checkbox', { name: /gpu:2/ }));
  await fireEvent.click(startButton());
  await waitFor(() => expect(service.inputsOf(createRun)[0]).toMatchObject({ devices: ['gpu:0', 'gpu:2'] }));
});

test('on the processor a run is cut in parts by a choice that stays unfolded; as usual nothing is named', async () => {
  await open();
  const select = await screen.findByLabelText<HTMLSelectElement>('Processor');
  const group = select.closest('details')!;
  expect(group.open).toBe(false);
  group.open = true;
  await fireEvent(group, new Event('toggle'));
  await fireEvent.change(select, { target: { value: select.options[2]!.value } });
  expect(screen.getByText('the processor in 4 parts')).toBeTruthy();
  expect(group.open).toBe(true);
  await type(/^Batch size(?!:)/, '30');
  expect((await screen.findAllByText(/can’t be shared out evenly over 4 devices/)).length).toBeGreaterThan(0);
  await type(/^Batch size(?!:)/, '32');
  await fireEvent.click(startButton());
  await waitFor(() =>
    expect(service.inputsOf(createRun)[0]).toMatchObject({ devices: ['cpu:0', 'cpu:1', 'cpu:2', 'cpu:3'] }),
  );
});

const box: MachineOffer = {
  ...{ hostname: 'box', tensorflow: '2.21.0', busy: false },
  devices: [{ device: 'cpu:0', name: 'AMD EPYC, 16 threads', bytes: 64e9, freeBytes: null, precisions: [] }],
};

async function unfoldDevices(): Promise<void> {
  const group = (await screen.findByLabelText('Processor')).closest('details')!;
  group.open = true;
  await fireEvent(group, new Event('toggle'));
}

test('a machine is added once the network is said to be trusted, and shares each batch once it knows how to reach this one', async () => {
  service.answer(addMachine, ({ address }) => ({ address, offer: box, problem: null }));
  service.answer(setSettings, (change) => ({ ...Settings.parse({}), ...change }));
  await open();
  await unfoldDevices();
  await screen.findByText(/None yet/);
  await fireEvent.click(screen.getByRole('button', { name: 'Add a machine…' }));
  const add = (): HTMLElement => screen.getByRole('button', { name: 'Add' });
  await type(/^Address$/, 'Box:7900');
  await type(/^Token$/, ' secret ');
  expect(whyNot(add())).toBe('Address, token and your word that you trust the network are needed');
  expect(screen.getByText(/whoever reaches them can run anything as you/)).toBeTruthy();
  await fireEvent.click(screen.getByRole('switch', { name: 'I trust everybody in this network' }));
  await fireEvent.click(add());
  await waitFor(() => expect(service.inputsOf(addMachine)).toHaveLength(1));
  expect(service.inputsOf(addMachine)[0]).toEqual({ address: 'box:7900', token: 'secret', trustedNetwork: true });

  await fireEvent.click(await screen.findByRole('checkbox', { name: 'AMD EPYC, 16 threads cpu:0, 64.0 GB' }));
  expect(screen.getByText('the processor and box:7900/cpu:0')).toBeTruthy();
  expect(screen.getByRole('option', { name: 'As a whole, 16 images of each batch' })).toBeTruthy();
  expect(screen.getByText('Devices: say where the other machines reach this one.')).toBeTruthy();
  expect(whyNot(startButton())).not.toBeNull();
  await type(/^Address of this machine$/, 'here:7901');
  await fireEvent.click(screen.getByRole('switch', { name: 'Go on without a machine that is lost' }));
  await fireEvent.click(startButton());
  await waitFor(() =>
    expect(service.inputsOf(createRun)[0]).toMatchObject({
      devices: ['cpu:0', 'box:7900/cpu:0'],
      across: { listen: 'here:7901', stepSeconds: null, goOnWithout: true },
    }),
  );
  expect(service.inputsOf(setSettings).at(-1)).toEqual({ listen: 'here:7901' }); // for the next run
});

test('a machine that does not answer says why, and one without a card offers none beside cards', async () => {
  service.answer(appInfo, () => exampleInfo({ runtime: 'cuda12', gpu: 0 }));
  service.answer(listMachines, () => [
    { address: 'away:7900', offer: null, problem: 'No worker answers at away:7900.' },
    { address: 'box:7900', offer: box, problem: null },
  ]);
  await open();
  const group = (await screen.findByText('Devices')).closest('details')!;
  group.open = true;
  await fireEvent(group, new Event('toggle'));
  expect(await screen.findByText('No worker answers at away:7900.')).toBeTruthy();
  expect(screen.getByText('It has no card. Cards and processors don’t share a batch.')).toBeTruthy();
  expect(screen.queryByRole('checkbox', { name: /EPYC/ })).toBeNull();
  service.answer(removeMachine, () => ({}));
  await fireEvent.click(screen.getByRole('button', { name: 'Forget away:7900' }));
  await waitFor(() => expect(screen.queryByText('No worker answers at away:7900.')).toBeNull());
  expect(service.inputsOf(removeMachine)).toEqual([{ address: 'away:7900' }]);
});
