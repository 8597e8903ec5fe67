// Verifies signed messages as a program does that is built on Bouncy Castle's mail library: signature, path to
// the root, purpose of the certificate, and that it names From.
// Reads paths of messages from standard input, and answers a line for each: `good`, or what is wrong.

import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.security.Security;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Properties;
import java.util.Set;
import javax.mail.Session;
import javax.mail.internet.MimeMessage;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.i18n.ErrorBundle;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.mail.smime.validator.SignedMailValidator;

class BouncyCastle {
  /** The argument is the certificate of the root to trust. */
  public static void main(String[] arguments) throws Exception {
    Security.addProvider(new BouncyCastleProvider());
    PKIXParameters trust;
    try (InputStream in = new FileInputStream(arguments[0])) {
      CertificateFactory factory = CertificateFactory.getInstance("X.509");
      trust = new PKIXParameters(
          Set.of(new TrustAnchor((X509Certificate) factory.generateCertificate(in), null)));
    }
    trust.setRevocationEnabled(false);
    BufferedReader paths = new BufferedReader(new InputStreamReader(System.in));
    for (String path = paths.readLine(); path != null; path = paths.readLine()) {
      System.out.println(verify(path, trust).replaceAll("\\s+", " "));
    }
  }

  private static String verify(String path, PKIXParameters trust) {
    try (InputStream in = new FileInputStream(path)) {
      MimeMessage message = new MimeMessage(Session.getInstance(new Properties()), in);
      SignedMailValidator validator = new SignedMailValidator(message, trust);
      var signers = validator.getSignerInformationStore().getSigners();
      if (signers.size() != 1) return signers.size() + " signers";
      var result = validator.getValidationResult(signers.iterator().next());
      if (result.isValidSignature()) return "good";
      List<Object> errors = new ArrayList<>((List<?>) result.getErrors());
      if (result.getCertPathReview() != null) {
        for (List<?> found : result.getCertPathReview().getErrors()) errors.addAll(found);
      }
      StringBuilder words = new StringBuilder("bad:");
      for (Object error : errors) words.append(' ').append(((ErrorBundle) error).getText(Locale.ENGLISH));
      return words.toString();
    } catch (Exception error) {
      StringBuilder words = new StringBuilder("bad:");
      for (Throwable cause = error; cause != null; cause = cause.getCause()) words.append(' ').append(cause);
      return words.toString();
    }
  }
}
