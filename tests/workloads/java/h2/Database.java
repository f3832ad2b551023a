// SPDX-License-Identifier: Apache-2.0
package work;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Random;

/** Database SECONDS: transfers between accounts, and reports about them, in a database in memory. */
final class Database {
	private final Connection connection;
	private final Random dice = new Random();

	private Database() throws SQLException {
		connection = DriverManager.getConnection("jdbc:h2:mem:bank");
		connection.setAutoCommit(false);
		try (Statement statement = connection.createStatement()) {
			statement.execute("create table account(id int primary key, branch int, owner varchar(40), balance int)");
			statement.execute("create table history(id int auto_increment primary key, account int, amount int, note varchar)");
			statement.execute("create index by_branch on account(branch)");
			statement.execute("insert into account select x, mod(x, 50), 'owner ' || x, 1000 from system_range(1, 3000)");
		}
		connection.commit();
	}

	private void transfer() throws SQLException {
		int amount = dice.nextInt(100);
		try (PreparedStatement update = connection.prepareStatement("update account set balance = balance + ? where id = ?");
				PreparedStatement note = connection.prepareStatement(
					"insert into history(account, amount, note) values(?, ?, ?)")) {
			for (int sign = -1; sign < 2; sign += 2) {
				int account = 1 + dice.nextInt(3000);
				update.setInt(1, sign * amount);
				update.setInt(2, account);
				update.executeUpdate();
				note.setInt(1, account);
				note.setInt(2, sign * amount);
				note.setString(3, "a transfer of " + amount);
				note.executeUpdate();
			}
		}
		connection.commit();
	}

	private int report() throws SQLException {
		int total = 0;
		try (PreparedStatement query = connection.prepareStatement("select a.owner, sum(h.amount), count(*) from account a "
				+ "join history h on h.account = a.id where a.branch = ? and h.note like 'a%' group by a.owner order by 2 desc")) {
			query.setInt(1, dice.nextInt(50));
			try (ResultSet rows = query.executeQuery()) {
				while (rows.next())
					total += rows.getString(1).length() + rows.getInt(2);
			}
		}
		return total;
	}

	public static void main(String[] args) throws Exception {
		Regions.start();
		Database database = new Database();
		while (Regions.more(Double.parseDouble(args[0]))) {
			for (int i = 0; i < 40; i++)
				database.transfer();
			Spin.sink = database.report();
		}
		Regions.finish();
	}
}
