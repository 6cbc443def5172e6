import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * Keeps what stands on geowire's topics in a journal file, and prints it at the end.
 *
 * <p>mvn -q package; java -jar target/consume.jar BOOTSTRAP TOPIC[,TOPIC] GROUP JOURNAL [--until-end]
 *
 * <p>One line of the journal is the effect of one message and says that it was seen. Memory alone is not enough: a message
 * comes again just when this process was killed between the effect and the commit, and then memory is empty. In a service
 * with a database, a UNIQUE column for ce_id in the transaction of the effect does the same.
 */
public final class Consume implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final RandomAccessFile journal;
    private final Set<String> seen = new HashSet<>();
    private final Map<String, JsonNode> articles = new TreeMap<>();
    private final Map<String, JsonNode> flags = new TreeMap<>();
    private final Set<String> retracted = new HashSet<>();

    public static void main(String[] args) throws Exception {
        boolean untilEnd = List.of(args).contains("--until-end");
        Map<String, Object> settings = Map.of(
                "bootstrap.servers", args[0], "group.id", args[2],
                "enable.auto.commit", false, "auto.offset.reset", "earliest");
        var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer());
        Thread main = Thread.currentThread();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {  // SIGTERM: let poll return, then wait for the end of main
            consumer.wakeup();
            join(main);
        }));
        try (consumer; var state = new Consume(args[3])) {
            consumer.subscribe(List.of(args[1].split(",")));
            state.read(consumer, untilEnd);
            state.printWhatStands();
        }
    }

    private void read(KafkaConsumer<String, byte[]> consumer, boolean untilEnd) throws IOException {
        try {
            do {
                for (var record : consumer.poll(Duration.ofMillis(500))) {
                    handle(record);
                }
                journal.getFD().sync();
                consumer.commitSync();  // after the effect, never before
            } while (!untilEnd || !atEnd(consumer));
        } catch (WakeupException stop) {
            // what was handled and not committed comes again, and is known by then
        }
    }

    private void handle(ConsumerRecord<String, byte[]> record) throws IOException {
        String type = header(record, "ce_type");
        if (!"1.0".equals(header(record, "ce_specversion")) || type == null) {
            System.err.printf("skipped: no CloudEvent at %s/%d/%d%n", record.topic(), record.partition(), record.offset());
            return;
        }
        String id = header(record, "ce_id");
        ObjectNode line = seen.contains(id) ? null : effect(type, record.value());
        if (line != null) {
            journal.write((line.put("ce_id", id) + "\n").getBytes(StandardCharsets.UTF_8));
            apply(line);
        }
    }

    /** What is kept of a message; null for a type that is not known: a later geowire may have more of them. */
    private static ObjectNode effect(String type, byte[] value) throws IOException {
        ObjectNode line = JSON.createObjectNode();
        switch (type) {
            case "geowire.article.published", "geowire.article.updated", "geowire.article.tagged" -> {
                JsonNode data = JSON.readTree(value);
                keepArticle(line, data).put("words", words(data));
            }
            case "geowire.article.withdrawn" -> keepArticle(line, JSON.readTree(value));  // a late version must not undo it
            case "geowire.flag.raised" -> {
                JsonNode data = JSON.readTree(value);
                line.putObject("flag").put("watch", data.get("watch").asText()).put("reason", data.at("/reason/value").asText());
            }
            case "geowire.flag.retracted" -> line.set("retracts", JSON.readTree(value).get("retracts"));
            default -> line = null;
        }
        return line;
    }

    private static ObjectNode keepArticle(ObjectNode line, JsonNode data) {
        return line.putObject("article").put("id", data.get("id").asText())
                .put("version", data.get("version").asInt()).put("model", data.path("model").asText());
    }

    private void apply(JsonNode line) {
        String id = line.get("ce_id").asText();
        seen.add(id);
        if (line.has("flag")) flags.put(id, line.get("flag"));
        if (line.has("retracts")) retracted.add(line.get("retracts").asText());
        if (line.has("article")) articles.merge(line.at("/article/id").asText(), line.get("article"), Consume::newer);
    }

    /** A higher (version, model) replaces, a lower one that comes late is ignored. Models sort as text. */
    private static JsonNode newer(JsonNode held, JsonNode one) {
        int versions = Integer.compare(one.get("version").asInt(), held.get("version").asInt());
        int order = versions != 0 ? versions : one.get("model").asText().compareTo(held.get("model").asText());
        return order > 0 ? one : held;
    }

    /** The first mentions, cut out by their offsets. */
    private static String words(JsonNode article) {
        List<String> found = new ArrayList<>();
        for (JsonNode one : article.path("entities")) {
            if (found.size() == 3) break;
            String field = article.get(one.get("field").asText()).asText();
            found.add(slice(field, one.get("start").asInt(), one.get("end").asInt()));
        }
        return String.join("|", found);
    }

    /** Offsets count code points, Java's strings count UTF-16 units: substring alone cuts wrongly after an emoji. */
    static String slice(String text, int start, int end) {
        int from = text.offsetByCodePoints(0, start);
        return text.substring(from, text.offsetByCodePoints(from, end - start));
    }

    private static boolean atEnd(KafkaConsumer<String, byte[]> consumer) {
        var ends = consumer.endOffsets(consumer.assignment());
        return !ends.isEmpty() && ends.entrySet().stream().allMatch(end -> consumer.position(end.getKey()) >= end.getValue());
    }

    private static String header(ConsumerRecord<String, byte[]> record, String name) {
        var header = record.headers().lastHeader(name);
        return header == null ? null : new String(header.value(), StandardCharsets.UTF_8);
    }

    private Consume(String path) throws IOException {
        journal = new RandomAccessFile(path, "rw");
        byte[] bytes = new byte[(int) journal.length()];
        journal.readFully(bytes);
        int whole = bytes.length;
        while (whole > 0 && bytes[whole - 1] != '\n') whole--;
        journal.setLength(whole);  // a crash tore the last line: its message comes again
        journal.seek(whole);
        for (String line : new String(bytes, 0, whole, StandardCharsets.UTF_8).lines().toList()) apply(JSON.readTree(line));
    }

    private void printWhatStands() {
        var out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        articles.forEach((id, article) -> {
            if (article.has("words")) out.printf("article\t%s\t%d\t%s%n", id, article.get("version").asInt(), article.get("words").asText());
        });
        flags.forEach((id, flag) -> {
            if (!retracted.contains(id)) out.printf("flag\t%s\t%s\t%s%n", id, flag.get("watch").asText(), flag.get("reason").asText());
        });
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException impatient) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() throws IOException {
        journal.close();
    }
}
