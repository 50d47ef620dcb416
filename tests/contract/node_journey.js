// What a site does with the official SDK for Node: each step's answer or error, one line of JSON.
// The SDK reads CLOUDINARY_URL while it is loaded; set later, it would not speak plain http.
"use strict";

const http = require("node:http");
const { v2: cloudinary } = require("cloudinary");

const [photo] = process.argv.slice(2);
const notes = [];
const waiting = [];

const receiver = http.createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const body = Buffer.concat(parts).toString();
    const timestamp = Number(request.headers["x-cld-timestamp"]);
    const signature = request.headers["x-cld-signature"];
    const verify = cloudinary.utils.verifyNotificationSignature;
    notes.push({
      type: JSON.parse(body).notification_type,
      verified: verify(body, timestamp, signature),
      forged: verify(body + " ", timestamp, signature),
    });
    response.end();
    while (waiting.length && notes.length >= waiting[0].count) waiting.shift().resolve();
  });
});

function received(count) {
  return new Promise((resolve) => {
    if (notes.length >= count) resolve();
    else waiting.push({ count, resolve });
  });
}

async function step(name, action) {
  let told;
  try {
    told = { answer: await action() };
  } catch (error) {
    const fault = error.error || error;
    told = { error: { message: fault.message, status: fault.http_code } };
  }
  process.stdout.write(JSON.stringify({ step: name, ...told }) + "\n");
}

async function journey() {
  const { api, uploader, search } = cloudinary;
  const notification_url = `http://127.0.0.1:${receiver.address().port}/hook`;
  const wanted = { public_id: "pets/cat", moderation: "manual", backup: true, tags: ["new", "a&b"] };
  const described = { ...wanted, context: { alt: "one=two|three" }, notification_url };
  await step("upload", () => uploader.upload(photo, described));
  await step("list", () => api.resources_by_moderation("manual", "pending", { tags: true }));
  await step("reject", () => api.update("pets/cat", { moderation_status: "rejected" }));
  await step("rejected", () => api.resource("pets/cat"));
  await step("approve", () => api.update("pets/cat", { moderation_status: "approved" }));
  await step("search", () =>
    search
      .expression("folder:pets/* AND tags=new AND moderation_status:approved")
      .sort_by("public_id", "asc")
      .with_field("context")
      .execute(),
  );
  await step("delete", () => api.delete_resources(["pets/cat"]));
  await step("deleted", () => api.resource("pets/cat"));
  await step("restore", () => api.restore(["pets/cat"]));
  await step("restored", () => api.resource("pets/cat"));
  await step("destroy", () => uploader.destroy("pets/cat"));
  await step("missing", () => api.resource("nowhere"));
  await step("wrong", () => api.resources_by_moderation("manual", "perhaps"));
  await step("expression", () => search.expression("colour:red").execute());
  await step("stranger", () => api.ping({ api_secret: "wrong" }));
  await step("forger", () => uploader.upload(photo, { public_id: "x", api_secret: "wrong" }));
  await received(3);
  await step("notes", () => notes);
}

receiver.listen(0, "127.0.0.1", async () => {
  await journey();
  receiver.close();
  receiver.closeAllConnections();
});
