// SPDX-License-Identifier: Apache-2.0
package work;

import io.undertow.Undertow;
import io.undertow.server.HttpServerExchange;
import io.undertow.server.RoutingHandler;
import io.undertow.server.handlers.BlockingHandler;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.URL;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Service SECONDS: an HTTP service on the loopback interface and, in threads of the same process, its clients. Each
 * handler's CPU time is measured by itself.
 */
final class Service {
	private static final List<Regions> ALL = Collections.synchronizedList(new ArrayList<>());
	private static final ThreadLocal<Regions> OWN = ThreadLocal.withInitial(() -> {
		Regions regions = new Regions();
		ALL.add(regions);
		return regions;
	});
	private static volatile boolean stop;

	private static void timed(String name, Regions.Work work) {
		Spin.sink = OWN.get().timed("work.Service." + name, work);
	}

	static int report(HttpServerExchange exchange) {
		Map<String, Integer> words = new TreeMap<>();
		for (int i = 0; i < 400; i++)
			words.merge("word" + i * 7919 % 97, i, Integer::sum);
		StringBuilder out = new StringBuilder("<ul>");
		words.forEach((word, n) -> out.append("<li>").append(word).append(' ').append(n).append("</li>"));
		exchange.getResponseSender().send(out.append("</ul>").toString());
		return out.length();
	}

	static int echo(HttpServerExchange exchange) throws IOException {
		String name = exchange.getQueryParameters().get("name").getFirst();
		byte[] body = ("{\"name\": \"" + name.replaceAll("[^a-z]", "?") + "\"}").getBytes("UTF-8");
		exchange.getOutputStream().write(body);
		return body.length;
	}

	static int slow(HttpServerExchange exchange) {
		int value = Regions.burn(60000 + ThreadLocalRandom.current().nextInt(10));
		exchange.getResponseSender().send("" + value);
		return value;
	}

	private static void ask(int port) {
		byte[] buffer = new byte[65536];
		String[] paths = { "/report", "/echo?name=Ada", "/slow", "/report" };
		for (int i = 0; !stop; i++) {
			try (InputStream in = new URL("http://127.0.0.1:" + port + paths[i % paths.length]).openStream()) {
				while (in.read(buffer) >= 0)
					continue;
			} catch (IOException e) {
				throw new IllegalStateException(e);
			}
		}
	}

	private static int unchecked(HttpServerExchange exchange) {
		try {
			return echo(exchange);
		} catch (IOException e) {
			throw new IllegalStateException(e);
		}
	}

	public static void main(String[] args) throws Exception {
		RoutingHandler routes = new RoutingHandler()
			.get("/report", exchange -> timed("report", () -> report(exchange)))
			.get("/slow", exchange -> timed("slow", () -> slow(exchange)))
			.get("/echo", new BlockingHandler(exchange -> timed("echo", () -> unchecked(exchange))));
		Undertow server = Undertow.builder().addHttpListener(0, "127.0.0.1").setHandler(routes).setIoThreads(2)
			.setWorkerThreads(4).build();
		server.start();
		Regions.start();
		int port = ((InetSocketAddress) server.getListenerInfo().get(0).getAddress()).getPort();
		Thread[] clients = new Thread[2];
		for (int i = 0; i < clients.length; i++) {
			clients[i] = new Thread(() -> ask(port), "client " + i);
			clients[i].start();
		}
		while (Regions.more(Double.parseDouble(args[0])))
			Thread.sleep(20);
		stop = true;
		for (Thread client : clients)
			client.join();
		Regions.finish(ALL.toArray(new Regions[0]));
	}

	private Service() {
	}
}
