FROM python:3.12-slim

# A CPU-only torch: the default one brings 5 GB of CUDA libraries.
RUN pip install --no-cache-dir torch torchvision --index-url https://download.pytorch.org/whl/cpu
COPY pyproject.toml requirements.txt README.md LICENSE app.py /src/
COPY ganlab /src/ganlab
COPY pages /src/pages
COPY .streamlit /src/.streamlit
RUN pip install --no-cache-dir /src && rm -r /src && useradd --create-home ganlab && install -d -o ganlab /data

USER ganlab
ENV GANLAB_RUNS=/data/runs GANLAB_DATA=/data/data
VOLUME /data
EXPOSE 8501
CMD ["ganlab", "--guests", "--address", "0.0.0.0"]
