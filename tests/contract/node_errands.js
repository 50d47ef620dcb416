// The rest of what a site asks for with the official SDK for Node; told as in node_journey.js.
"use strict";

const { v2: cloudinary } = require("cloudinary");

const [photo, large] = process.argv.slice(2);
const { api, uploader, search } = cloudinary;

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

function in_parts(file, options) {
  return new Promise((resolve, reject) => {
    const done = (error, result) => (error ? reject(error) : resolve(result));
    uploader.upload_chunked(file, options, done);
  });
}

async function errands() {
  for (const name of ["a", "b"]) await uploader.upload(photo, { public_id: name, backup: true });
  await step("rename", () => uploader.rename("a", "pets/a"));
  await step("taken", () => uploader.rename("b", "pets/a"));
  await step("tag", () => uploader.add_tag("red", ["pets/a", "b"]));
  await step("untag", () => uploader.remove_tag("red", ["b"]));
  await step("tags", () => api.tags());
  await step("tagged", () => api.resources_by_tag("red", { tags: true }));
  await step("context", () => uploader.add_context({ alt: "one=two|three" }, ["b"]));
  await step("described", () => api.resources_by_context("alt", "one=two|three"));
  await step("explicit", () =>
    uploader.explicit("b", { type: "upload", moderation: "manual", tags: "new" }),
  );
  await step("over", () => uploader.upload(photo, { public_id: "b", backup: true }));
  await step("versions", () => api.resource("b", { versions: true }));
  await step("named", () => api.resources_by_ids(["pets/a", "b", "none"]));
  await step("moment", () =>
    api.resources({ type: "upload", start_at: new Date(Date.now() - 60000), direction: "asc" }),
  );
  await step("parts", () =>
    in_parts(large, { public_id: "large", resource_type: "raw", chunk_size: 5 * 1024 * 1024 }),
  );
  await step("preset", () =>
    api.create_upload_preset({ name: "strangers", unsigned: true, folder: "guests" }),
  );
  await step("again", () => api.create_upload_preset({ name: "strangers", unsigned: true }));
  await step("unsigned", () => uploader.unsigned_upload(photo, "strangers"));
  await step("presets", () => api.upload_presets());
  await step("field", () =>
    api.add_metadata_field({ external_id: "colour", label: "Colour", type: "string" }),
  );
  await step("value", () => uploader.update_metadata({ colour: "dark red" }, ["b"]));
  await step("found", () =>
    search.expression("metadata.colour:red").with_field("metadata").execute(),
  );
  await step("folders", () => api.root_folders());
  await step("usage", () => api.usage());
  await step("config", () => api.config({ settings: true }));
  await step("remote", () => uploader.upload("http://169.254.169.254/latest/meta-data"));
  await step("address", () =>
    search.expression("b").to_url(300, null, { cname: process.env.HOST, secure: false }),
  );
  await step("deleted", () => api.delete_resources_by_tag("red"));
}

errands();
