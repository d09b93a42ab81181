import type { Happening, Happenings } from './events.ts'

/** What happened, in a line that is the same in every replay; undefined for what happens all the time. */
export function lineOf<K extends Happening>(kind: K, happening: Happenings[K]): string | undefined {
  return lines[kind]?.(happening)
}

const lines: { readonly [K in Happening]?: (happening: Happenings[K]) => string } = {
  start: ({ container, version, role, message, attempt, source }) =>
    `${container} ${version} (${role}) ${message} from ${source}, attempt ${attempt}`,
  end: ({ start: { container, message }, outcome }) => `${container} ${message} ${outcome}`,
  settlement: ({ dispatch, how }) => `${dispatch.container} ${dispatch.message.id} ${how}`,
  handedBack: ({ message }) => message.id,
  putOff: ({ message }) => message.id,
  writing: ({ by, after: { epoch, sequence, rollout, stable } }) =>
    `${by} ${epoch}/${sequence} ${stable} ${rollout?.phase ?? 'no rollout'} ${rollout?.step ?? ''}`,
  rewound: ({ state }) => `to ${state === undefined ? 'nothing' : `${state.epoch}/${state.sequence}`}`,
  state: ({ container, version, state }) => `${container} ${version} ${state}`,
  killed: ({ container }) => container,
  terminated: ({ container }) => container,
  exit: ({ container, reason }) => `${container} ${reason}`,
  log: ({ container, line }) => `${container} ${line}`,
  rest: ({ backlog, unsettled }) => `${backlog} ready, ${unsettled} in hands`,
}
