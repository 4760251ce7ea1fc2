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
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reference adapter: reads the list with java.net.http, as an SDK would. */
final class Reference {
    private static final int ATTEMPTS = 3;
    private static final long LONGEST_WAIT = 5000;
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
        Set<String> ids = new LinkedHashSet<>();
        Set<URI> pages = new HashSet<>();
        while (pages.add(url)) {
            Page page = GSON.fromJson(get(url, service.get("token")), Page.class); // a cut or other body is an error
            if (page == null || page.images == null) {
                throw new IOException("the response is no list of images");
            }
            page.images.forEach(image -> ids.add(image.id));
            if (page.next == null) {
                return new ArrayList<>(ids);
            }
            url = url.resolve(page.next);
        }
        throw new IOException("the links to the next page lead back to an earlier one");
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    /** Returns the body of a response. Tries again if the service is busy or the connection breaks. */
    private static String get(URI url, String token) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(url).header("X-Auth-Token", token).timeout(Duration.ofSeconds(20)).build();
        for (int attempt = 1; ; attempt++) {
            long wait = 100 * attempt;
            Exception error;
            try {
                HttpResponse<String> response = HTTP.send(request, HttpResponse.BodyHandlers.ofString());
                if (response.statusCode() == 200) {
                    return response.body();
                }
                error = failure(response);
                if (response.statusCode() != 429 && response.statusCode() != 503) {
                    throw error;
                }
                String seconds = response.headers().firstValue("Retry-After").orElse("");
                wait = seconds.matches("\\d+") ? Long.parseLong(seconds) * 1000 : wait;
            } catch (IOException noResponse) {
                error = noResponse;
            }
            if (attempt == ATTEMPTS || wait > LONGEST_WAIT) {
                throw error;
            }
            Thread.sleep(wait);
        }
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
