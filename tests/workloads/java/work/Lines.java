// SPDX-License-Identifier: Apache-2.0
package work;

import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * For each class named on standard input, what its file says as this JVM would load it: a line
 * "class TAB source file TAB method=line,line... TAB ..." (all overloads together), or "class TAB ?".
 */
final class Lines {
	private final DataInputStream in;
	private Object[] pool;
	private String source = "";
	private final Map<String, TreeSet<Integer>> methods = new TreeMap<>();

	private Lines(InputStream bytes) throws IOException {
		in = new DataInputStream(bytes);
		in.skipBytes(8);
		readPool();
		in.skipBytes(6);
		in.skipBytes(2 * in.readUnsignedShort());
		readMembers(false);
		readMembers(true);
		readAttributes(null);
	}

	private void readPool() throws IOException {
		pool = new Object[in.readUnsignedShort()];
		for (int i = 1; i < pool.length; i++) {
			int tag = in.readUnsignedByte();
			switch (tag) {
			case 1:
				pool[i] = in.readUTF();
				break;
			case 5:
			case 6:
				in.skipBytes(8);
				i++;
				break;
			case 7:
			case 8:
			case 16:
			case 19:
			case 20:
				in.skipBytes(2);
				break;
			case 15:
				in.skipBytes(3);
				break;
			default:
				in.skipBytes(4);
			}
		}
	}

	private void readMembers(boolean areMethods) throws IOException {
		for (int n = in.readUnsignedShort(); n > 0; n--) {
			in.skipBytes(2);
			String name = (String) pool[in.readUnsignedShort()];
			in.skipBytes(2);
			readAttributes(areMethods ? methods.computeIfAbsent(name, key -> new TreeSet<>()) : null);
		}
	}

	private void readAttributes(TreeSet<Integer> lines) throws IOException {
		for (int n = in.readUnsignedShort(); n > 0; n--) {
			String name = (String) pool[in.readUnsignedShort()];
			int size = in.readInt();
			if (name.equals("SourceFile")) {
				source = (String) pool[in.readUnsignedShort()];
			} else if (name.equals("Code") && lines != null) {
				in.skipBytes(4);
				in.skipBytes(in.readInt());
				in.skipBytes(8 * in.readUnsignedShort());
				readAttributes(lines);
			} else if (name.equals("LineNumberTable") && lines != null) {
				for (int i = in.readUnsignedShort(); i > 0; i--) {
					in.skipBytes(2);
					lines.add(in.readUnsignedShort());
				}
			} else {
				in.skipBytes(size);
			}
		}
	}

	private String told() {
		StringBuilder out = new StringBuilder(source);
		methods.forEach((name, lines) -> {
			out.append('\t').append(name).append('=');
			lines.forEach(line -> out.append(line).append(','));
		});
		return out.toString();
	}

	public static void main(String[] args) throws IOException {
		BufferedReader names = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
		for (String name = names.readLine(); name != null; name = names.readLine()) {
			try (InputStream bytes = ClassLoader.getSystemResourceAsStream(name.replace('.', '/') + ".class")) {
				Regions.print(name + "\t" + (bytes == null ? "?" : new Lines(bytes.readAllBytes()).told()));
			}
		}
	}

	private Lines(byte[] bytes) throws IOException {
		this(new java.io.ByteArrayInputStream(bytes));
	}
}
