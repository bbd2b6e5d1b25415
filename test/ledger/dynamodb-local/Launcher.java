import java.net.InetSocketAddress;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.handler.ContextHandler;
import software.amazon.dynamodb.services.local.server.LocalDynamoDBRequestHandler;
import software.amazon.dynamodb.services.local.server.LocalDynamoDBServerHandler;

/**
 * DynamoDB Local in memory, on 127.0.0.1 alone. Its own main class listens on all addresses and reports to Amazon that
 * it was started; this one has no part that reports.
 */
public final class Launcher {
  public static void main(String[] arguments) throws Exception {
    int port = Integer.parseInt(arguments[0]);
    // In memory, and one database for all credentials; tables are there at once.
    var requests = new LocalDynamoDBRequestHandler(0, true, null, true, false);
    var server = new Server(new InetSocketAddress("127.0.0.1", port));
    server.setHandler(new ContextHandler(new LocalDynamoDBServerHandler(requests, "127.0.0.1")));
    server.start();
    server.join();
  }
}
