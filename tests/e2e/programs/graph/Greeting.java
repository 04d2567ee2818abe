// greeting.jar holds this alone: javac --release 17 -cp neo4j-procedure-api-5.26.30.jar Greeting.java && jar --create --no-manifest --file greeting.jar Greeting.class
import org.neo4j.procedure.UserFunction;

public class Greeting {
  @UserFunction("greeting.hello")
  public String hello() {
    return "hello from a plugin";
  }
}
