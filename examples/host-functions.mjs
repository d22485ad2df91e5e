// Tasks that use what their parent gives them: a lookup, rows one by one, and a report sent back as a stream.
import { createWorkerPool } from 'isolane';

const people = ['Ada', 'Grace', 'Hedy', 'Katherine'];
let rows = 0;

const pool = await createWorkerPool({
  poolSize: 1,
  host: {
    people: {
      async count() {
        return people.length;
      },
      async *rows() {
        try {
          for (const name of people) {
            rows++;
            yield { name };
          }
        } finally {
          console.log(`rows read: ${rows}`);
        }
      },
    },
    async save(lines, { taskId }) {
      for await (const line of lines) console.log(`${taskId}: ${line}`);
    },
    remove() {
      throw Object.assign(new Error('not allowed'), { code: 'EACCES', secret: 'stays here' });
    },
  },
});

await pool.submitTask({
  type: 'javascript',
  id: 'report',
  code: `
    async function* lines() {
      yield (await host.people.count()) + ' people';
      for await (const { name } of host.people.rows()) {
        yield 'hello, ' + name;
        if (name === 'Grace') break;
      }
      try {
        await host.remove('Ada');
      } catch (error) {
        yield [error.message, error.code, error.secret].join(' ');
      }
    }
    await host.save(lines());`,
});

await pool.shutdown();
