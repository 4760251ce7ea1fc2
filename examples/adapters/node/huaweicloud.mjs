// Adapter for @huaweicloud/huaweicloud-sdk-core, the core of the Node SDK of Huawei Cloud, which leaves paging to the caller.
import sdk from "@huaweicloud/huaweicloud-sdk-core";
import builder from "@huaweicloud/huaweicloud-sdk-core/ClientBuilder.js";
import { serve } from "./protocol.mjs";

serve(async (service, query) => {
  const credentials = new sdk.BasicCredentials().withAk(service.access_key).withSk(service.secret_key);
  const client = new builder.ClientBuilder((http) => http)
    .withCredential(credentials.withProjectId(service.project))
    .withEndpoint(service.url)
    .build();
  const ids = [];
  for (;;) {
    // The request that the generated client of a service makes.
    const page = await client
      .sendRequest({ method: "GET", url: "/v2/images", contentType: "application/json", queryParams: query, pathParams: {}, headers: {} })
      .catch(report);
    // A response without images has none here. That is no error of the SDK, so it must not become one here.
    for (const image of page.images ?? []) ids.push(image.id);
    if (!page.next) return ids;
    query = { ...query, marker: ids.at(-1) };
  }
});

function report(error) {
  throw Object.assign(error, { status: error.httpStatusCode, code: error.errorCode });
}
