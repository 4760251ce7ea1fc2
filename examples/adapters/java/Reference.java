import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonParseException;
import com.google.gson.Strictness;
import com.google.gson.annotations.SerializedName;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Reference adapter: reads the list with java.net.http and follows next. */
final class Reference {
    private static final Gson GSON = new GsonBuilder().setStrictness(Strictness.STRICT).create();
    private static final HttpClient HTTP = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private record Page(List<Image> images, String next) {}

    private record Image(String id) {}

    /** An error of the API gateway has error_code and error_msg, one of the service has error. */
    private record Failure(@SerializedName("error_code") String code, @SerializedName("error_msg") String message, ServiceError error) {}

    private record ServiceError(String code, String message) {}

    public static void main(String[] arguments) throws IOException {
        Protocol.serve(Reference::listImages);
    }

    private static List<String> listImages(Map<String, String> service, Map<String, List<String>> query) throws Exception {
        List<String> pairs = new ArrayList<>();
        query.forEach((name, values) -> values.forEach(value -> pairs.add(encoded(name) + "=" + encoded(value))));
        URI url = URI.create(service.get("url") + "/v2/images?" + String.join("&", pairs));
        List<String> ids = new ArrayList<>();
        while (true) {
            Page page = read(url, service.get("token"));
            page.images.forEach(image -> ids.add(image.id));
            if (page.next == null) {
                return ids;
            }
            url = url.resolve(page.next);
        }
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    /** Requests a page. Anything but a complete page is an error. */
    private static Page read(URI url, String token) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(url).header("X-Auth-Token", token).build();
        HttpResponse<String> response = HTTP.send(request, HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() != 200) {
            throw failure(response);
        }
        Page page = GSON.fromJson(response.body(), Page.class);
        if (page == null || page.images == null) {
            throw new IOException("a page without images: " + response.body());
        }
        return page;
    }

    private static Exception failure(HttpResponse<String> response) {
        try {
            Failure failure = GSON.fromJson(response.body(), Failure.class);
            ServiceError error = failure.error != null ? failure.error : new ServiceError(failure.code, failure.message);
            return new Protocol.Reported(response.statusCode(), error.code, error.message);
        } catch (JsonParseException | NullPointerException noJson) { // a proxy answers with HTML
            return new Protocol.Reported(response.statusCode(), null, response.body());
        }
    }
}
