# The client, and the demo. The build context is the repository.
FROM python:3.13-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
COPY requirements/client.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore --require-hashes -r client.txt
COPY client client
RUN pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore --no-deps --no-build-isolation ./client
COPY localdev/__init__.py localdev/demo.py localdev/
# As root: Docker creates ./client_output, which then belongs to root.
ENTRYPOINT ["python", "-m", "localdev.demo", "--output", "/app/output"]
CMD ["Zr49Cu49Al2", "Zr50Cu40Al10"]
