// basic-ftp in every mode that it has: plain, explicit and implicit TLS.
const fs = require("fs");
const ftp = require("basic-ftp");

async function main(plain, implicit) {
  const modes = [
    { port: plain, secure: false },
    { port: plain, secure: true },
    { port: implicit, secure: "implicit" },
  ];
  for (const [number, mode] of modes.entries()) {
    const client = new ftp.Client(60000);
    await client.access({
      host: "127.0.0.1",
      user: "cam",
      password: "x",
      secureOptions: { rejectUnauthorized: false },
      ...mode,
    });
    await client.ensureDir(`/js/${number}`);
    await client.uploadFrom(`${number}.jpg`, `${number}.jpg`);
    const size = await client.size(`${number}.jpg`);
    const list = await client.list();
    if (size !== fs.statSync(`${number}.jpg`).size || list[0].name !== `${number}.jpg`) {
      throw new Error(`size ${size}, list ${JSON.stringify(list)}`);
    }
    await client.downloadTo(`back${number}.jpg`, `${number}.jpg`);
    if (!fs.readFileSync(`back${number}.jpg`).equals(fs.readFileSync(`${number}.jpg`))) {
      throw new Error("what came back is something else");
    }
    await client.removeDir(`/js/${number}`);
    client.close();
  }
}

main(...process.argv.slice(2).map(Number)).catch((error) => {
  console.error(error);
  process.exit(1);
});
