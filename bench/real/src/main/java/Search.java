// SPDX-License-Identifier: Apache-2.0
import java.util.Random;
import org.apache.lucene.analysis.standard.StandardAnalyzer;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.TextField;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.queryparser.classic.QueryParser;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.store.ByteBuffersDirectory;

/** What DaCapo's luindex and lusearch do: an index of many texts is made and asked. */
public class Search {
    static String text(Random random, int words) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < words; i++) {
            text.append(Integer.toString(1000 + (int) Math.abs(random.nextGaussian() * 3000), 36)).append(' ');
        }
        return text.toString();
    }

    public static void main(String[] args) throws Exception {
        Random random = new Random(7);
        ByteBuffersDirectory directory = new ByteBuffersDirectory();
        StandardAnalyzer analyzer = new StandardAnalyzer();
        try (IndexWriter writer = new IndexWriter(directory, new IndexWriterConfig(analyzer))) {
            for (int i = 0; i < 20000; i++) {
                Document document = new Document();
                document.add(new TextField("text", text(random, 60), Field.Store.YES));
                writer.addDocument(document);
            }
        }
        long hits = 0;
        try (DirectoryReader reader = DirectoryReader.open(directory)) {
            IndexSearcher searcher = new IndexSearcher(reader);
            QueryParser parser = new QueryParser("text", analyzer);
            for (int i = 0; i < 3000; i++) {
                hits += searcher.search(parser.parse(text(random, 5)), 10).totalHits.value;
            }
        }
        System.out.println(hits + " hits");
    }
}
