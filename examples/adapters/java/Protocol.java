import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The protocol of ims-mock conformance: one request per line on stdin, one answer per line on stdout. */
final class Protocol {
    interface Adapter {
        List<String> listImages(Map<String, String> service, Map<String, List<String>> query) throws Exception;
    }

    /** The SDK has no such parameter. */
    static final class Unsupported extends RuntimeException {
        Unsupported(String reason) {
            super(reason);
        }
    }

    /** An error that the SDK reports; status and code are null if it does not tell them. */
    static final class Reported extends Exception {
        final Integer status;
        final String code;

        Reported(Integer status, String code, String message) {
            super(message);
            this.status = status;
            this.code = code;
        }
    }

    private record Request(JsonElement id, Map<String, String> service, Map<String, JsonElement> query) {}

    /** Answers each request with the ids that the adapter returns, or with its error. */
    static void serve(Adapter adapter) throws IOException {
        Gson gson = new GsonBuilder().serializeNulls().create();
        PrintStream answers = System.out;
        System.setOut(System.err); // what an SDK prints is no answer
        BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = requests.readLine(); line != null; line = requests.readLine()) {
            Request request = gson.fromJson(line, Request.class);
            Map<String, List<String>> query = new HashMap<>();
            request.query.forEach((name, value) -> query.put(name, strings(value)));
            JsonObject answer = new JsonObject();
            answer.add("id", request.id);
            try {
                answer.add("images", gson.toJsonTree(adapter.listImages(request.service, query)));
            } catch (Unsupported unsupported) {
                answer.addProperty("unsupported", unsupported.getMessage());
            } catch (Exception error) {
                error.printStackTrace();
                JsonObject reported = new JsonObject();
                reported.addProperty("status", error instanceof Reported one ? one.status : null);
                reported.addProperty("code", error instanceof Reported one ? one.code : null);
                reported.addProperty("message", String.valueOf(error.getMessage()));
                answer.add("error", reported);
            }
            answers.println(gson.toJson(answer));
            answers.flush();
        }
    }

    /** The values of a parameter. A single value is a string. */
    private static List<String> strings(JsonElement value) {
        List<String> strings = new ArrayList<>();
        if (value.isJsonArray()) {
            value.getAsJsonArray().forEach(one -> strings.add(one.getAsString()));
        } else {
            strings.add(value.getAsString());
        }
        return strings;
    }
}
