// A health endpoint by each of several libraries of npm, for a dependency that is as a file says.
//
// `serve.mjs LIBRARY PORT FILE` serves on 127.0.0.1; the file has one of the words ok, degraded,
// down. It stands beside the libraries' `node_modules` when it runs.

import { readFileSync, watchFile } from "node:fs";
import { createServer } from "node:http";

const [, , library, text, file] = process.argv;
const port = Number(text);
const HOST = "127.0.0.1";

const word = () => readFileSync(file, "utf8");
const isDown = () => word() === "down";

/** What the check of a dependency does in most of them. */
async function check() {
  if (isDown()) throw new Error("no database");
}

const servers = {
  async terminus() {
    const { createTerminus } = await import("@godaddy/terminus");
    const server = createServer((_, response) => response.end("the application's page"));
    createTerminus(server, { healthChecks: { "/health": check } });
    server.listen(port, HOST);
  },

  async nest_terminus() {
    await import("reflect-metadata");
    const { Controller, Get, Module } = await import("@nestjs/common");
    const { NestFactory } = await import("@nestjs/core");
    const { HealthCheckService, HealthIndicatorService, TerminusModule } = await import("@nestjs/terminus");
    class Health {
      constructor(health, indicators) {
        this.look = () => {
          const database = indicators.check("database");
          return health.check([() => (isDown() ? database.down() : database.up())]);
        };
      }
      get() {
        return this.look();
      }
    }
    Reflect.decorate([Controller("health")], Health);
    Reflect.decorate([Get()], Health.prototype, "get", Object.getOwnPropertyDescriptor(Health.prototype, "get"));
    Reflect.defineMetadata("design:paramtypes", [HealthCheckService, HealthIndicatorService], Health);
    class Application {}
    Reflect.decorate([Module({ imports: [TerminusModule], controllers: [Health] })], Application);
    const application = await NestFactory.create(Application, { logger: false });
    await application.listen(port, HOST);
  },

  async under_pressure() {
    const { default: fastify } = await import("fastify");
    const { default: underPressure } = await import("@fastify/under-pressure");
    const application = fastify();
    const healthCheck = async () => !isDown() && (word() === "degraded" ? { status: "degraded" } : true);
    application.register(underPressure, { healthCheck, exposeStatusRoute: true });
    await application.listen({ port, host: HOST });
  },

  async lightship() {
    const { createLightship } = await import("lightship");
    const lightship = await createLightship({ detectKubernetes: false, port });
    const tell = () => (isDown() ? lightship.signalNotReady() : lightship.signalReady());
    tell();
    watchFile(file, { interval: 100 }, tell);
  },

  async health_connect() {
    const { default: connect } = await import("connect");
    const { default: health } = await import("@cloudnative/health-connect");
    const checker = new health.HealthChecker();
    checker.registerReadinessCheck(new health.ReadinessCheck("database", check));
    connect().use("/health", health.HealthEndpoint(checker)).listen(port, HOST);
  },

  async maikai() {
    const { default: express } = await import("express");
    const { default: HealthCheck } = await import("maikai");
    const health = HealthCheck();
    health.addCheck("database", "timeout", async () => ({ status: isDown() ? "fail" : "pass" }));
    express().use(health.express()).listen(port, HOST);
  },

  async server_health() {
    const { default: express } = await import("express");
    const { addConnectionCheck, exposeHealthEndpoint } = await import("server-health");
    const application = express();
    addConnectionCheck("database", () => !isDown());
    exposeHealthEndpoint(application, "/health", "express");
    application.listen(port, HOST);
  },

  async koa_actuator() {
    const { default: Koa } = await import("koa");
    const { default: actuator } = await import("koa-actuator");
    const application = new Koa();
    application.use(actuator({ database: async () => ({ status: isDown() ? "DOWN" : "UP" }) }));
    application.listen(port, HOST);
  },

  async express_actuator() {
    const { default: express } = await import("express");
    const { default: actuator } = await import("express-actuator");
    express().use(actuator()).listen(port, HOST);
  },
};

await servers[library]();
