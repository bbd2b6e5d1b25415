import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.PluginsLoader;

/**
 * Runs one Elasticsearch node until SIGTERM. Elasticsearch's own main class needs a Java agent that is not published as a
 * jar. This class starts the same {@link Node} without the agent.
 *
 * <p>Arguments: the home folder (with modules/ and config/), then any number of setting=value.
 */
public final class EsLauncher {
    private static final long CLOSE_DEADLINE_SECONDS = 30;

    public static void main(String[] args) {
        try {
            Node node = createNode(Path.of(args[0]), parseSettings(args));
            Runtime.getRuntime().addShutdownHook(new Thread(() -> close(node)));
            node.start();
            Thread.currentThread().join(); // the node's own threads do not keep the process alive
        } catch (Throwable failure) {
            // Port taken, data locked, wrong setting. The node's threads, if any, would keep the process alive.
            failure.printStackTrace();
            System.exit(1);
        }
    }

    private static Map<String, String> parseSettings(String[] args) {
        return Stream.of(args).skip(1).map(arg -> arg.split("=", 2)).collect(Collectors.toMap(kv -> kv[0], kv -> kv[1]));
    }

    private static Node createNode(Path home, Map<String, String> settings) throws Exception {
        LogConfigurator.registerErrorListener();
        LogConfigurator.configureESLogging();
        Settings pathHome = Settings.builder().put("path.home", home.toString()).build();
        Environment environment = InternalSettingsPreparer.prepareEnvironment(
            pathHome, settings, home.resolve("config"), () -> "drumline-local");
        Files.createDirectories(environment.logsDir());
        LogConfigurator.setNodeName(Node.NODE_NAME_SETTING.get(environment.settings()));
        LogConfigurator.configure(environment, true);
        PluginsLoader plugins = PluginsLoader.createPluginsLoader(
            PluginsLoader.loadModulesBundles(environment.modulesDir()),
            PluginsLoader.loadPluginsBundles(environment.pluginsDir()),
            Map.of(), false); // false: no Java modules, since everything is on the class path
        return new Node(environment, plugins);
    }

    private static void close(Node node) {
        try {
            node.prepareForClose();
            node.close();
            node.awaitClose(CLOSE_DEADLINE_SECONDS, TimeUnit.SECONDS);
        } catch (Exception failure) {
            failure.printStackTrace();
        }
    }
}
