// SPDX-License-Identifier: Apache-2.0
import io.javalin.Javalin;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A web service as people write them: routes, JSON, rows of a database. */
public class Service {
    private final Connection rows;

    Service() throws Exception {
        rows = DriverManager.getConnection("jdbc:h2:mem:items");
        rows.createStatement().execute("create table item(id int primary key, name varchar, price int)");
        PreparedStatement insert = rows.prepareStatement("insert into item values(?, ?, ?)");
        for (int i = 0; i < 5000; i++) {
            insert.setInt(1, i);
            insert.setString(2, "item " + i * 7919 % 5000);
            insert.setInt(3, i % 97);
            insert.execute();
        }
    }

    synchronized List<Map<String, Object>> cheaperThan(int price) throws Exception {
        List<Map<String, Object>> found = new ArrayList<>();
        try (PreparedStatement query = rows.prepareStatement("select * from item where price < ? order by name")) {
            query.setInt(1, price);
            ResultSet result = query.executeQuery();
            while (result.next()) {
                found.add(Map.of("id", result.getInt(1), "name", result.getString(2), "price", result.getInt(3)));
            }
        }
        return found;
    }

    static long checksum(String text) {
        long sum = 7;
        for (int round = 0; round < 2000; round++) {
            for (int i = 0; i < text.length(); i++) {
                sum = sum * 31 + text.charAt(i);
            }
        }
        return sum;
    }

    public static void main(String[] args) throws Exception {
        Service service = new Service();
        Javalin app = Javalin.create();
        app.get("/items/{price}", context ->
                context.json(service.cheaperThan(Integer.parseInt(context.pathParam("price")))));
        app.get("/sum/{text}", context -> context.json(Map.of("sum", checksum(context.pathParam("text")))));
        app.start("127.0.0.1", Integer.parseInt(args[0]));
        System.out.println("ready");
        System.in.read();
        System.exit(0);
    }
}
