import type { Start } from './events.ts'
import type { Invariant } from './invariant.ts'

/** Of one group: what runs, and what has begun. */
interface Group {
  readonly running: Map<string, string>
  /** The newest message of the group that was begun, by the number in its id. */
  newest: number
  /** Since a receipt ran out or a process was cut off, order and exclusion are the broker's matter no more. */
  isExcused: boolean
}

export const groupsInOrder: Invariant = {
  name: 'groups-in-order',
  says: 'FIFO: per group, start order = queue order, and no two messages of a group in flight.',
  watch: () => {
    const groups = new Map<string, Group>()
    const groupOf = (name: string): Group => {
      const known = groups.get(name) ?? { running: new Map<string, string>(), newest: 0, isExcused: false }
      groups.set(name, known)
      return known
    }
    return {
      settlement: ({ dispatch: { message }, how }) => {
        if (message.group !== undefined && (how === 'connectionLost' || how === 'expired'))
          groupOf(message.group).isExcused = true
        return undefined
      },
      start: (start) => (start.group === undefined ? undefined : outOfTurn(start, groupOf(start.group))),
      end: ({ start: { group, message } }) => {
        if (group !== undefined) groupOf(group).running.delete(message)
        return undefined
      },
    }
  },
}

function outOfTurn({ message, container, group: name }: Start, group: Group): string | undefined {
  const [other] = [...group.running].filter(([running]) => running !== message)
  const number = Number(message.slice(1))
  const isLate = number < group.newest
  group.running.set(message, container)
  group.newest = Math.max(group.newest, number)
  if (group.isExcused) return undefined
  if (other !== undefined) return `${container} started ${message} of ${name} while ${other[1]} handles ${other[0]}`
  return isLate ? `${container} started ${message} of ${name} after m${group.newest}` : undefined
}
