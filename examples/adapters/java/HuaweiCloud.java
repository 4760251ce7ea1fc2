import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.huaweicloud.sdk.core.auth.BasicCredentials;
import com.huaweicloud.sdk.core.exception.ServiceResponseException;
import com.huaweicloud.sdk.ims.v2.ImsClient;
import com.huaweicloud.sdk.ims.v2.model.GlanceListImagesRequest;
import com.huaweicloud.sdk.ims.v2.model.GlanceListImagesResponse;
import com.huaweicloud.sdk.ims.v2.model.GlanceShowImageListResponseBody;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Adapter for huaweicloud-sdk-ims, the Java SDK of Huawei Cloud, which leaves paging to the caller. */
final class HuaweiCloud {
    public static void main(String[] arguments) throws IOException {
        Protocol.serve(HuaweiCloud::listImages);
    }

    /** Asks for pages that follow the last id, as long as a page has a next link. */
    private static List<String> listImages(Map<String, String> service, Map<String, List<String>> query) throws Exception {
        BasicCredentials credentials = new BasicCredentials()
                .withAk(service.get("access_key")).withSk(service.get("secret_key")).withProjectId(service.get("project"));
        ImsClient client = ImsClient.newBuilder().withCredential(credentials).withEndpoint(service.get("url")).build();
        GlanceListImagesRequest request = typed(query);
        List<String> ids = new ArrayList<>();
        while (true) {
            GlanceListImagesResponse page;
            try {
                page = client.glanceListImages(request);
            } catch (ServiceResponseException error) {
                throw new Protocol.Reported(error.getHttpStatusCode(), error.getErrorCode(), error.getErrorMsg());
            }
            // A response without images has null here. That is no error of the SDK, so it must not become one here.
            for (GlanceShowImageListResponseBody image : page.getImages() == null ? List.<GlanceShowImageListResponseBody>of() : page.getImages()) {
                ids.add(image.getId());
                request.setMarker(image.getId());
            }
            if (page.getNext() == null) {
                return ids;
            }
        }
    }

    /** Returns the request of the SDK. Its fields have the names of the parameters in JSON; Jackson converts the values. */
    private static GlanceListImagesRequest typed(Map<String, List<String>> query) {
        Map<String, String> fields = new HashMap<>();
        query.forEach((name, values) -> {
            if (values.size() != 1) {
                throw new Protocol.Unsupported("GlanceListImagesRequest takes one value of " + name);
            }
            fields.put(name, values.get(0));
        });
        try {
            return new ObjectMapper().convertValue(fields, GlanceListImagesRequest.class);
        } catch (IllegalArgumentException error) {
            if (error.getCause() instanceof UnrecognizedPropertyException unknown) {
                throw new Protocol.Unsupported("GlanceListImagesRequest has no parameter " + unknown.getPropertyName());
            }
            throw error;
        }
    }
}
