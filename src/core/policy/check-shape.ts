import type { Complain } from '../schema/combine.ts'
import { alternatives } from '../schema/describe-problem.ts'
import { isObject, own } from '../schema/objects.ts'

/** The rules between the keys that make the ramp. Looks at the file as it is, so that it speaks however broken the rest may be. */
export function checkShape(value: unknown, complain: Complain): void {
  if (!isObject(value)) return
  checkForms(value, complain)
  checkInterval(value, complain)
  checkStrategy(value, complain)
}

type File = Readonly<Record<string, unknown>>

const forms = ['steps', 'stepWeights', 'ramp'] as const

function checkForms(file: File, complain: Complain): void {
  const [first, ...others] = formsIn(file)
  for (const form of others) complain([form], `only one of ${alternatives(forms)}`, `${first} too`)
}

function checkInterval(file: File, complain: Complain): void {
  if (has(file, 'interval') && !has(file, 'steps') && !has(file, 'stepWeights'))
    complain(['interval'], 'steps or stepWeights beside it', 'neither')
}

function checkStrategy(file: File, complain: Complain): void {
  const steps = stepsIn(file)
  if (own(file, 'strategy') === 'blueGreen') {
    const withWeights = steps.some(isRampStep) ? (['steps'] as const) : []
    const wrong = [...withWeights, ...formsIn(file).filter((form) => form !== 'steps')]
    for (const form of wrong) complain([form], 'no weights with strategy blueGreen, only pauses', 'weights')
  } else if (steps.length > 0 && !steps.some(isRampStep)) {
    complain(['steps'], 'at least one step with a weight', 'only pauses')
  }
}

function formsIn(file: File): readonly string[] {
  return forms.filter((form) => has(file, form))
}

/** The steps that are objects; others are problems already. Their positions stay. */
function stepsIn(file: File): readonly unknown[] {
  const steps = own(file, 'steps')
  return Array.isArray(steps) ? steps : []
}

/** Whatever is an object but no pause is meant as a step with a weight. */
function isRampStep(step: unknown): step is File {
  return isObject(step) && !has(step, 'pause')
}

function has(file: File, key: string): boolean {
  return own(file, key) !== undefined
}
