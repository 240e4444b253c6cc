"""What Alembic runs: the migrations, on the connection that :func:`migrate` lends."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
context.run_migrations()
