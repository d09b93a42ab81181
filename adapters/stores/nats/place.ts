/** A key-value bucket is a stream with one message for each subject. */
export interface Bucket {
  readonly stream: string
  /** What the subjects of its keys begin with. */
  readonly prefix: string
  readonly replicas: number
  /** How messages name it. */
  readonly name: string
}

export function bucketOf({ server, bucket, replicas }: { server: string; bucket: string; replicas: number }): Bucket {
  return { stream: `KV_${bucket}`, prefix: `$KV.${bucket}.`, replicas, name: `${server}, bucket ${bucket},` }
}
